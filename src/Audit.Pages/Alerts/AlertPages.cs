using Audit.Api.Alerts;
using Audit.Pages.Access;

namespace Audit.Pages.Alerts;

/// <summary>`/alerts`: where alerts go and how that fares, and the forms by which they are sent again.</summary>
internal sealed class AlertPages(AlertDesk desk) : IPageGroup
{
    private const string Page = "/alerts";

    public void Map(PageMap pages)
    {
        pages.Get(Page, Roles.Read, ShowAsync).Scoped(Scope.Unbound);
        pages.Post("/alerts/test", AlertDesk.MayAct, TestAsync).Scoped(Scope.Administration);
        pages.Post("/alerts/again", AlertDesk.MayAct, SendAgainAsync).Scoped(Scope.Administration);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit) =>
        Show(visit, await desk.LookAsync(visit.Cancellation), null);

    private static PageAnswer Show(Visit visit, AlertsNow now, string? tested) =>
        PageAnswer.Show<AlertsPage>("Alerts", "alerts", new AlertsView(
            now, visit.Now, visit.Recorded, tested, visit.Bearer.SeesAdministration));

    private async Task<PageAnswer> TestAsync(Visit visit)
    {
        var to = visit.Form.Required("destination");
        var answer = await desk.TestAsync(to, visit.Bearer, visit.Cancellation);
        return Show(
            visit, await desk.LookAsync(visit.Cancellation), answer.Taken
                ? $"The test was taken at {to}." : $"The test was not taken at {to}: {answer.Error}.");
    }

    private async Task<PageAnswer> SendAgainAsync(Visit visit)
    {
        var form = visit.Form;
        var done = await desk.SendAgainAsync(
            form.Required("destination"), form.Text("id") is { } id ? [id] : null, visit.Bearer, visit.Cancellation);
        return PageAnswer.Go(Links.With(Page, ("recorded", done.Position)));
    }
}

/// <param name="Tested">What became of a test that was just sent.</param>
/// <param name="WithAdministration">What is said of whom the node refused is shown as well.</param>
public sealed record AlertsView(AlertsNow Now, Timestamp At, long? Recorded, string? Tested, bool WithAdministration);
