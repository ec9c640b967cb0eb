using Audit.Pages.Shared;

namespace Audit.Pages.Windows;

public sealed record WindowPageView(WindowView Found, Timestamp Now, long? Recorded)
{
    public WindowModel Window => Found.Window;

    public string State => Window.StateAt(Now);
}
