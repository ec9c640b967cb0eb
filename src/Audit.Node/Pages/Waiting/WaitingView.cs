using Audit.Node.Pages.Shared;

namespace Audit.Node.Pages.Waiting;

public sealed record WaitingView(ListView<CallModel> Calls, IReadOnlyList<WindowModel> Windows, Timestamp Now, long? Recorded);
