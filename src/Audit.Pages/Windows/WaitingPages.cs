using Audit.Pages.Access;

namespace Audit.Pages.Windows;

/// <summary>`/waiting`: what waits for somebody, and the decision on a call.</summary>
internal sealed class WaitingPages(IJournal journal) : IPageGroup
{
    public void Map(PageMap pages)
    {
        pages.Get("/waiting", Roles.Read, ShowAsync);
        pages.Post("/call/decision", Roles.Approve, DecideAsync);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var models = visit.Reads.Models;
        var calls = await visit.ListAsync(
            (page, cancellation) => models.CallsInStateAsync(CallState.AwaitingConfirmation, page, cancellation),
            visit.Visible.Sees);
        var filter = new WindowFilter { Requested = true };
        var windows = await models.WindowsAsync(filter, new PageRequest(20), visit.Cancellation);
        var view = new WaitingView(calls, [.. windows.Items.Where(visit.Visible.Sees)], visit.Now, visit.Recorded);
        return PageAnswer.Show<WaitingPage>("Waiting", "waiting", view);
    }

    private async Task<PageAnswer> DecideAsync(Visit visit)
    {
        var form = visit.Form;
        var address = AddressOf(form);
        var body = PageForm.Body(("decision", form.Text("decision")), ("feedback", form.Text("feedback")));
        var decision = DecisionRecord.Read(body, visit.Bearer.Name);
        var call = new CallRead(journal, address.Stream);
        await call.ReadOnAsync(visit.Cancellation);
        if (call.LastRecord is null)
        {
            return PageAnswer.Wrong(address.NotFound());
        }

        if (call.RefuseFor(visit.Bearer) is { } refusal)
        {
            return PageAnswer.Wrong(Problem.Forbidden(refusal));
        }

        var receipt = DecisionRecord.Repeated(call, decision) ?? await visit.Intake.SubmitAsync(
            DecisionRecord.Make(address, call, decision, visit.Bearer.Name, visit.Now, visit.Intake.Hasher));
        return visit.Answer(receipt, ReturnPath.Of(form.Text("return") ?? Links.Call(address.Session, address.Call)));
    }

    private static CallAddress AddressOf(PageForm form)
    {
        var (session, call) = (form.Required("session"), form.Required("call"));
        var sentence = Ids.Refuse(session, Ids.MaxBytes, isSession: true) ?? Ids.Refuse(call, Ids.MaxCallBytes);
        return sentence is null
            ? new CallAddress(session, call)
            : throw new RefusedException(Problem.BadParameter("call", sentence + "."));
    }
}

public sealed record WaitingView(
    ListView<CallModel> Calls, IReadOnlyList<WindowModel> Windows, Timestamp Now, long? Recorded);
