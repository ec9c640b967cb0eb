using Audit.Pages.Access;
using Audit.Pages.Calls;

namespace Audit.Pages.Windows;

/// <summary>
/// `/waiting`: what waits for somebody, and what was ordered for more calls than one; the decision on a call, and the
/// review of its violations.
/// </summary>
internal sealed class WaitingPages(
    Deciding deciding, Reviewing reviewing, WindowActs acts, OrderBook orders, OrderDesk desk, IJournal journal,
    PolicyBook policies) : IPageGroup
{
    private const int QuestionsOnPage = 25;

    public void Map(PageMap pages)
    {
        pages.Get("/waiting", Roles.Read, ShowAsync).Scoped(Scope.Binding);
        pages.Post("/call/decision", Roles.Approve, DecideAsync).Scoped(Scope.Own);
        pages.Post("/call/review", Reviewing.MayReview, ReviewAsync).Scoped(Scope.Own);
        pages.Post("/stop", OrderDesk.MayStop, StopAsync).Scoped(Scope.Unbound);
        pages.Post("/stop/lift", Roles.Approve, visit => TakeBackAsync(visit, desk.LiftAsync, "stops"))
            .Scoped(Scope.Unbound);
        pages.Post("/approval/end", Roles.Approve, visit => TakeBackAsync(visit, desk.EndAsync, "approvals"))
            .Scoped(Scope.Unbound);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var models = visit.Reads.Models;
        var calls = await visit.ListAsync(models.WaitingCallsAsync, QuestionsOnPage);
        var questions = await QuestionView.ReadAsync(journal, policies, visit, calls.Items);
        var filter = new WindowFilter { Requested = true };
        var windows = await models.WindowsAsync(filter, new PageRequest(20), visit.Cancellation);
        var waiting = new List<(WindowModel, IReadOnlyDictionary<string, string>)>();
        foreach (var window in windows.Items)
        {
            waiting.Add((window, await WindowPages.WhyNotAsync(visit, acts, window)));
        }

        var view = new WaitingView(
            new ListView<QuestionView>(questions, calls.Next), waiting, visit.Now, visit.Recorded);
        if (!visit.Bearer.IsBound)
        {
            view = view with
            {
                PolicyTrouble = policies.Now.Trouble,
                Stops = await orders.StopsAsync(visit.Cancellation),
                Approvals = await orders.ApprovalsAsync(visit.Cancellation),
            };
        }

        return PageAnswer.Show<WaitingPage>("Waiting", "waiting", view);
    }

    private async Task<PageAnswer> DecideAsync(Visit visit)
    {
        var form = visit.Form;
        var address = await AddressAsync(visit, form);
        var sequence = long.TryParse(
            form.Text("sequence"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked)
                ? asked : (long?)null;
        var body = PageForm.Body(
            ("decision", form.Text("decision")), ("feedback", form.Text("feedback")), ("sequence", sequence),
            ("question", form.Text("question")),
            ("not_seen_whole", form.Text("not_seen_whole") is null ? null : (object)true));
        var receipt = await deciding.DecideAsync(address, body, visit.Bearer, visit.Cancellation);
        return visit.Answer(receipt, ReturnPath.Of(form.Text("return") ?? Links.Call(address.Session, address.Call)));
    }

    private async Task<PageAnswer> StopAsync(Visit visit)
    {
        var form = visit.Form;
        await desk.StopAsync(
            PageForm.Body(
                ("agent", form.Text("agent")), ("session_id", form.Text("session")), ("source", form.Text("source")),
                ("all", form.Text("all") is null ? null : (object)true), ("reason", form.Text("reason"))),
            visit.Bearer);
        return PageAnswer.Go("/waiting#stops");
    }

    private static async Task<PageAnswer> TakeBackAsync(
        Visit visit, Func<string, StrictObject, Bearer, CancellationToken, Task> takeBack, string back)
    {
        await takeBack(
            visit.Form.Required("id"), PageForm.Body(("reason", visit.Form.Text("reason"))), visit.Bearer,
            visit.Cancellation);
        return PageAnswer.Go($"/waiting#{back}");
    }

    private async Task<PageAnswer> ReviewAsync(Visit visit)
    {
        var form = visit.Form;
        var seen = form.Texts("seen").Select(text => text.Split(':', 2)).Where(parts => parts.Length == 2).ToList();
        var sequences = seen.Select(parts => long.TryParse(
            parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? sequence : 0);
        var body = PageForm.Body(
            ("sequences", sequences.ToArray()), ("verdicts", seen.Select(parts => parts[1]).ToArray()),
            ("reason", form.Text("reason")), ("finding", form.Text("finding")));
        if (form.Text("window") is { } window)
        {
            var done = WindowIds.IsOne(window)
                ? await reviewing.ReviewAsync(window, body, visit.Bearer, visit.Cancellation)
                : throw new RefusedException(WindowOfRequest.NoWindow(window));
            return visit.Answer(done, ReturnPath.Of(form.Text("return") ?? Links.Window(window)));
        }

        var address = await AddressAsync(visit, form);
        var receipt = await reviewing.ReviewAsync(address, body, visit.Bearer, visit.Cancellation);
        return visit.Answer(receipt, ReturnPath.Of(form.Text("return") ?? Links.Call(address.Session, address.Call)));
    }

    private static async Task<CallAddress> AddressAsync(Visit visit, PageForm form)
    {
        var (session, call) = (form.Required("session"), form.Required("call"));
        var sentence = Ids.Refuse(session, Ids.MaxBytes, isSession: true) ?? Ids.Refuse(call, Ids.MaxCallBytes);
        return sentence is null
            ? await visit.Context.CallAsync(session, call, form.Text("source"))
            : throw new RefusedException(Problem.BadParameter("call", sentence + "."));
    }
}

public sealed record WaitingView(
    ListView<QuestionView> Questions,
    IReadOnlyList<(WindowModel Window, IReadOnlyDictionary<string, string> WhyNot)> Windows, Timestamp Now,
    long? Recorded)
{
    /// <summary>Why the file of the policy does not hold.</summary>
    public string? PolicyTrouble { get; init; }

    /// <summary>Null where a token is bound, and is told of neither.</summary>
    internal IReadOnlyList<StandingStop>? Stops { get; init; }

    internal IReadOnlyList<StandingApproval> Approvals { get; init; } = [];
}
