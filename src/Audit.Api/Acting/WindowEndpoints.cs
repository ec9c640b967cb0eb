using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;
using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>`/v1/windows`: task windows, asked for, decided on and shown.</summary>
internal sealed class WindowEndpoints(NodeParts node)
{
    private const string ByQuery = "For ids that a path cannot carry.";

    private static readonly QueryParameter Window = new("window", "The window.", Required: true);

    private readonly ModelAnswers answers = new(node);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Post(
            "/v1/windows", RequestAsync, Roles.Ingest | Roles.Approve, "Asks for a window, or grants one.",
            "The body is {window_id?, task_id, agent, scope[], reason, opens_at?, closes_at or duration, grant?, by?, "
            + "message_id?}. With grant: true the role approve is needed.");
        const string Show = "Shows a window, its history, every command given in it, and what its agent did outside.";
        QueryParameter[] paging =
        [
            new("at", "A position or a time: as it was known then."), new("limit", "At most so many commands, up to 1000."),
            new("cursor", "The next of the commands before."),
        ];
        routes.Get("/v1/windows/{window}", context => GetAsync(context, OfPath(context)), Roles.Read, Show, "", paging);
        routes.Get("/v1/window", context => GetAsync(context, OfQuery(context)), Roles.Read, Show, ByQuery, [Window, .. paging]);
        foreach (var act in WindowPosting.Acts)
        {
            routes.Post(
                $"/v1/windows/{{window}}/{act.Name}", context => ActAsync(context, act, OfPath(context)), act.AnyOf, act.Summary);
            routes.Post(
                $"/v1/window/{act.Name}", context => ActAsync(context, act, OfQuery(context)), act.AnyOf, act.Summary,
                ByQuery, Window);
        }
    }

    private async Task RequestAsync(HttpContext context)
    {
        if (await ReadBodyAsync(context) is not { } body)
        {
            return;
        }

        var actor = context.Bearer();
        WindowMessage message;
        string id;
        try
        {
            var verb = body.Flag("grant") ? WindowVerb.Grant : WindowVerb.Request;
            message = WindowBody.Read(body, verb, actor, node.Now, node.Hasher);
            id = WindowBody.IdOf(body, actor, node.Hasher);
        }
        catch (UnreadableException wrong)
        {
            await context.WriteReceiptAsync(Receipt.Invalid(wrong.Message), node.Metrics);
            return;
        }

        if (RefuseRequest(message, actor) is { } refusal)
        {
            await context.WriteProblemAsync(Problem.Forbidden(refusal));
            return;
        }

        context.Response.Headers.Location = "/v1/windows/" + Uri.EscapeDataString(id);
        await SubmitAsync(context, id, message, body);
    }

    private async Task ActAsync(HttpContext context, WindowPosting act, (string Id, Problem? Problem) window)
    {
        if (window.Problem is not null)
        {
            await context.WriteProblemAsync(window.Problem);
            return;
        }

        if (await ReadBodyAsync(context) is not { } body)
        {
            return;
        }

        var actor = context.Bearer();
        WindowMessage message;
        try
        {
            message = WindowBody.Read(body, act.Verb, actor, node.Now, node.Hasher);
        }
        catch (UnreadableException wrong)
        {
            await context.WriteReceiptAsync(Receipt.Invalid(wrong.Message), node.Metrics, window.Id);
            return;
        }

        if (await RefuseBoundAsync(actor, window.Id, context.RequestAborted) is { } refusal)
        {
            await context.WriteProblemAsync(Problem.Forbidden(refusal));
            return;
        }

        await SubmitAsync(context, window.Id, message, body);
    }

    private async Task GetAsync(HttpContext context, (string Id, Problem? Problem) asked)
    {
        if (asked.Problem is not null)
        {
            await context.WriteProblemAsync(asked.Problem);
            return;
        }

        var query = new QueryReader(context.Request.Query);
        var (asOf, page) = (query.AsOf(), query.Page());
        if (query.Problem is not null)
        {
            await context.WriteProblemAsync(query.Problem);
            return;
        }

        var read = await WindowRead.ReadAsync(node, asked.Id, context.RequestAborted);
        if (read.Events.Count == 0)
        {
            await context.WriteProblemAsync(Problem.NotFound($"There is no window \"{asked.Id}\"."));
            return;
        }

        if (read.RefuseFor(context.Bearer()) is { } refusal)
        {
            await context.WriteProblemAsync(Problem.Forbidden(refusal));
            return;
        }

        await (asOf is { } moment ? WritePastAsync(context, asked.Id, moment) : WriteNowAsync(context, read, page));
    }

    private async Task WriteNowAsync(HttpContext context, WindowRead read, PageRequest page)
    {
        await answers.BeginAsync(context);
        var view = await node.Reads.Models.WindowAsync(read.Id, page, context.RequestAborted);
        await context.WriteJsonAsync(StatusCodes.Status200OK, json => WindowWriter.Write(json, read, view, node.Now));
    }

    private async Task WritePastAsync(HttpContext context, string id, AsOf moment)
    {
        await answers.BeginAsync(context);
        if (await node.Reads.TimeTravel.WindowAsync(id, moment, context.RequestAborted) is not { } past)
        {
            await context.WriteProblemAsync(Problem.NotFound($"There was no window \"{id}\" then."));
            return;
        }

        await context.WriteJsonAsync(StatusCodes.Status200OK, json => WindowWriter.Write(json, past, moment.Time ?? node.Now));
    }

    private async Task SubmitAsync(HttpContext context, string id, WindowMessage message, StrictObject body)
    {
        var receipt = await node.SubmitAsync(new WindowSubmission(id, message, body.Bytes));
        await context.WriteReceiptAsync(receipt, node.Metrics, id);
    }

    /// <summary>The body; null when a problem or a receipt was answered instead.</summary>
    private async Task<StrictObject?> ReadBodyAsync(HttpContext context)
    {
        try
        {
            return await context.ReadObjectAsync();
        }
        catch (UnreadableException wrong)
        {
            await context.WriteReceiptAsync(Receipt.Invalid(wrong.Message), node.Metrics);
            return null;
        }
    }

    /// <returns>Null when the bearer may ask for the window, or grant it.</returns>
    public static string? RefuseRequest(WindowMessage message, Bearer actor)
    {
        var needed = message.Verb == WindowVerb.Grant ? Roles.Approve : Roles.Ingest;
        var verb = message.Verb.ToString().ToLowerInvariant();
        return actor.HasAny(needed)
            ? actor.RefuseBound(message.Terms!.Agent, message.Terms.TaskId)
            : $"The token \"{actor.Name}\" lacks the role to {verb} a window: {RoleNames.Join(needed)}.";
    }

    private async Task<string?> RefuseBoundAsync(Bearer actor, string id, CancellationToken cancellation) =>
        actor.Agent is null && actor.Task is null
            ? null
            : (await WindowRead.ReadAsync(node, id, cancellation)).RefuseFor(actor);

    private static (string Id, Problem? Problem) OfPath(HttpContext context)
    {
        var id = PathIds.Of(context, "window");
        return (id, Ids.Refuse(id, Ids.MaxBytes) is { } sentence ? Problem.BadParameter("window", sentence + ".") : null);
    }

    private static (string Id, Problem? Problem) OfQuery(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        return (query.RequiredId("window"), query.Problem);
    }
}
