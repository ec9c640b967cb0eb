using Audit.Lifecycle.Time;
using Audit.Node.Pages.Shared;
using Audit.Projections.Queries;
using Audit.Projections.Windows;

namespace Audit.Node.Pages.Windows;

public sealed record WindowPageView(WindowView Found, Timestamp Now, long? Recorded)
{
    public WindowModel Window => Found.Window;

    public string State => Window.StateAt(Now);
}
