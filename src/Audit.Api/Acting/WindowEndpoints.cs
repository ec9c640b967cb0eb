using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>`/v1/windows`: task windows, asked for and decided on.</summary>
internal sealed class WindowEndpoints(RecordIntake intake, WindowActs acts) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Post(
            "/v1/windows", RequestAsync, Roles.Ingest | Roles.Approve, "Asks for a window, or grants one.",
            "The body is {window_id?, task_id, agent, scope[], sources[]?, reason, opens_at?, closes_at or duration, "
            + "grant?, by?, message_id?}; sources are the token's own where it reports as one. With grant: true the "
            + "role approve is needed.")
            .Produces<ReceiptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Own);
        foreach (var act in WindowPosting.Acts)
        {
            routes.Post(
                new ById($"/v1/windows/{{window}}/{act.Name}", $"/v1/window/{act.Name}", WindowEndpoint.Id),
                context => ActAsync(context, act), act.AnyOf, act.Summary)
                .Produces<ReceiptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Own);
        }
    }

    private async Task<IResult> RequestAsync(HttpContext context)
    {
        var actor = context.Bearer();
        try
        {
            var body = await context.ReadObjectAsync();
            var verb = body.Flag("grant") ? WindowVerb.Grant : WindowVerb.Request;
            if (RefuseRole(verb, actor) is { } lacking)
            {
                return Problem.Forbidden(lacking);
            }

            var message = WindowBody.Read(body, verb, actor, intake.Now, intake.Hasher);
            var id = WindowBody.IdOf(body, actor, intake.Hasher);
            if (RefuseBound(message, actor) is { } refusal)
            {
                return Problem.Forbidden(refusal);
            }

            context.Response.Headers.Location = "/v1/windows/" + Uri.EscapeDataString(id);
            return intake.Answer(await intake.SubmitAsync(new WindowSubmission(id, message, body.Bytes)), id);
        }
        catch (UnreadableException wrong)
        {
            return intake.Answer(Receipt.Invalid(wrong.Message));
        }
    }

    private async Task<IResult> ActAsync(HttpContext context, WindowPosting act)
    {
        var id = context.Id("window");
        try
        {
            var body = await context.ReadObjectAsync();
            var submission = await acts.ReadAsync(id, body, act.Verb, context.Bearer(), context.RequestAborted);
            return intake.Answer(await intake.SubmitAsync(submission), id);
        }
        catch (UnreadableException wrong)
        {
            return intake.Answer(Receipt.Invalid(wrong.Message), id);
        }
    }

    /// <returns>Null when the bearer may ask for a window, or grant one.</returns>
    public static string? RefuseRole(WindowVerb verb, Bearer actor)
    {
        var needed = verb == WindowVerb.Grant ? Roles.Approve : Roles.Ingest;
        return actor.HasAny(needed)
            ? null
            : $"The token \"{actor.Name}\" lacks the role to {verb.ToString().ToLowerInvariant()} a window: "
                + $"{RoleNames.Join(needed)}.";
    }

    /// <returns>Null when the window is none of another's.</returns>
    public static string? RefuseBound(WindowMessage message, Bearer actor) =>
        message is WindowMessage.Asking { Terms: var terms } ? actor.RefuseBound(terms.Agent, terms.TaskId) : null;
}

/// <summary>Reads what somebody does with a window, however it comes: by the API or by a page.</summary>
internal sealed class WindowActs(RecordIntake intake, IAuditStore store)
{
    /// <exception cref="UnreadableException">The body is none of such an act.</exception>
    /// <exception cref="RefusedException">The token is bound to others.</exception>
    public async Task<WindowSubmission> ReadAsync(
        string id, StrictObject body, WindowVerb verb, Bearer actor, CancellationToken cancellation)
    {
        var message = WindowBody.Read(body, verb, actor, intake.Now, intake.Hasher);
        if (actor.IsBound
            && (await WindowRead.ReadAsync(store.Opened, id, cancellation)).RefuseFor(actor) is { } refusal)
        {
            throw new RefusedException(Problem.Forbidden(refusal));
        }

        return new WindowSubmission(
            id,
            message is WindowMessage.Accept { Span: var span }
                && await IsReporterAsync(span.Session.Source, actor, cancellation)
                ? message with { Delivery = message.Delivery with { IsReporter = true } }
                : message,
            body.Bytes);
    }

    /// <summary>Whether a person is behind a source, or holds a token that such a person made.</summary>
    private async Task<bool> IsReporterAsync(string source, Bearer actor, CancellationToken cancellation) =>
        (await store.Tokens.ListAsync(cancellation)).Where(token => token.Source?.Name == source)
        .Select(token => token.Person)
        .Any(person => person != Bearer.NoPerson && (person == actor.Person || person == actor.CreatedBy));
}

/// <summary>What can be posted to a window, and who may.</summary>
internal sealed record WindowPosting(string Name, WindowVerb Verb, Roles AnyOf, string Summary)
{
    /// <summary>The acts on a window that is there.</summary>
    public static readonly IReadOnlyList<WindowPosting> Acts =
    [
        new("approve", WindowVerb.Approve, Roles.Approve, "Approves a requested window."),
        new("deny", WindowVerb.Deny, Roles.Approve, "Denies a requested window; the body has the reason."),
        new("extend", WindowVerb.Extend, Roles.Approve, "Lets an open window close later; the body has closes_at."),
        new("revoke", WindowVerb.Revoke, Roles.Approve, "Ends an approved window at once; the body has the reason."),
        new("close", WindowVerb.Close, Roles.Approve | Roles.Ingest,
        "Ends a window whose task is done, or withdraws a request."),
        new("accept", WindowVerb.Accept, Roles.Approve | Roles.Admin,
        "Lets count as done in the window what a session reported after its end; the body has source, session, from, "
            + "until and the reason."),
    ];
}
