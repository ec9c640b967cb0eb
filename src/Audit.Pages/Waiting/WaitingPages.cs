using Audit.Pages.Access;
using Audit.Pages.Rendering;
using Audit.Pages.Shared;

namespace Audit.Pages.Waiting;

/// <summary>`/waiting`: what waits for somebody, and the decision on a call.</summary>
internal static class WaitingPages
{
    public static void Map(PageMap pages)
    {
        pages.Get("/waiting", Roles.Read, ShowAsync);
        pages.Post("/call/decision", Roles.Approve, DecideAsync);
    }

    private static async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var models = visit.Node.Reads.Models;
        var calls = await visit.ListAsync(
            page => models.CallsInStateAsync(CallState.AwaitingConfirmation, page, visit.Cancellation), visit.Visible.Sees);
        var windows = await models.WindowsAsync(new WindowFilter { Requested = true }, new PageRequest(20), visit.Cancellation);
        return PageAnswer.Show<WaitingPage>(
            "Waiting", "waiting", new WaitingView(calls, [.. windows.Items.Where(visit.Visible.Sees)], visit.Now, visit.Recorded));
    }

    private static async Task<PageAnswer> DecideAsync(Visit visit)
    {
        var form = visit.Form;
        var address = AddressOf(form);
        if (address.Problem is { } problem)
        {
            return PageAnswer.Wrong(problem);
        }

        var body = PageForm.Body(("decision", form.Text("decision")), ("feedback", form.Text("feedback")));
        var decision = DecisionRecord.Read(body, visit.Bearer.Name);
        var call = new CallRead(visit.Node, address.Stream);
        await call.ReadOnAsync(visit.Cancellation);
        if (call.LastRecord is null)
        {
            return PageAnswer.Wrong(address.NotFound());
        }

        if (call.RefuseFor(visit.Bearer) is { } refusal)
        {
            return PageAnswer.Wrong(Problem.Forbidden(refusal));
        }

        var receipt = DecisionRecord.Repeated(call, decision) ?? await visit.Node.SubmitAsync(
            DecisionRecord.Make(address, call, decision, visit.Bearer.Name, visit.Now, visit.Node.Hasher));
        return Acts.Answer(visit, receipt, ReturnPath.Of(form.Text("return") ?? Links.Call(address.Session, address.Call)));
    }

    private static CallAddress AddressOf(PageForm form)
    {
        var (session, call) = (form.Required("session"), form.Required("call"));
        var sentence = Ids.Refuse(session, Ids.MaxBytes, isSession: true) ?? Ids.Refuse(call, Ids.MaxCallBytes);
        return new CallAddress(session, call, sentence is null ? null : Problem.BadParameter("call", sentence + "."));
    }
}
