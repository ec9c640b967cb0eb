using Audit.Pages.Shared;

namespace Audit.Pages.Rendering;

/// <summary>Who looks at a page, as far as the page asks.</summary>
/// <param name="Bound">What the token is bound to, in words; null where it sees all.</param>
/// <param name="FormSecret">What forms of this page carry.</param>
public sealed record Viewer(
    string Name, bool MayRead, bool MayDecide, bool MayRequest, bool MayAdminister, string? Bound, string FormSecret);
