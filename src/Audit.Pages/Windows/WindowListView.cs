using Audit.Pages.Shared;

namespace Audit.Pages.Windows;

/// <param name="Open">Only those that are open now.</param>
public sealed record WindowListView(ListView<WindowModel> Windows, string? Task, string? Agent, bool Open, Timestamp Now);
