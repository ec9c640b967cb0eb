using Audit.Lifecycle.Time;
using Audit.Node.Pages.Shared;
using Audit.Projections.Queries;
using Audit.Projections.Windows;

namespace Audit.Node.Pages.Windows;

/// <param name="Open">Only those that are open now.</param>
public sealed record WindowListView(ListView<WindowModel> Windows, string? Task, string? Agent, bool Open, Timestamp Now);
