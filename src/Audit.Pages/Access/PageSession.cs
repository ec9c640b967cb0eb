
namespace Audit.Pages.Access;

/// <summary>A person who signed in, in one browser.</summary>
/// <param name="Id">Random; what a form of this session carries is derived from it.</param>
internal sealed record PageSession(Bearer Bearer, byte[] Id, DateTimeOffset Ends);
