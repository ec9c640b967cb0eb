using Audit.Projections.Models;

namespace Audit.Projections.TimeTravel;

/// <summary>A session as it was, with its calls, newest first.</summary>
public sealed record PastSession(SessionModel Session, IReadOnlyList<CallModel> Calls);
