using Audit.Projections.Calls;
using Audit.Projections.Sessions;

namespace Audit.Projections.TimeTravel;

/// <summary>A session as it was, with its calls, newest first.</summary>
public sealed record PastSession(SessionModel Session, IReadOnlyList<CallModel> Calls);
