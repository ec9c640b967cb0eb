using Audit.Lifecycle;
using Audit.Node.Pages.Shared;
using Audit.Projections;

namespace Audit.Node.Pages.Waiting;

public sealed record WaitingView(ListView<CallModel> Calls, IReadOnlyList<WindowModel> Windows, Timestamp Now, long? Recorded);
