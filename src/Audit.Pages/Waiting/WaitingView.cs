using Audit.Pages.Shared;

namespace Audit.Pages.Waiting;

public sealed record WaitingView(ListView<CallModel> Calls, IReadOnlyList<WindowModel> Windows, Timestamp Now, long? Recorded);
