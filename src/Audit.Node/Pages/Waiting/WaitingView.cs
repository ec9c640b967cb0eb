using Audit.Lifecycle.Time;
using Audit.Node.Pages.Shared;
using Audit.Projections.Calls;
using Audit.Projections.Queries;
using Audit.Projections.Windows;

namespace Audit.Node.Pages.Waiting;

public sealed record WaitingView(ListView<CallModel> Calls, IReadOnlyList<WindowModel> Windows, Timestamp Now, long? Recorded);
