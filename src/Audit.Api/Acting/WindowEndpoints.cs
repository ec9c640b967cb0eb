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
            "The body is {alias?, task_id, agent, scope[], sources[]?, reason, opens_at?, closes_at or duration, "
            + "grant?, by?, message_id?}; sources are the token's own where it reports as one. The alias is what this "
            + "source calls the window: the same request again is the same window. With grant: true the role approve "
            + "is needed; a grant by who is behind one of the sources is a request.")
            .Produces<ReceiptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Own);
        foreach (var act in WindowPosting.Acts)
        {
            routes.Post(
                ById.OfWindow("/" + act.Name, "/" + act.Name),
                context => ActAsync(context, act), act.AnyOf, act.Summary)
                .Produces<ReceiptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Own);
        }
    }

    private async Task<IResult> RequestAsync(HttpContext context)
    {
        try
        {
            var body = await context.ReadObjectAsync();
            var verb = body.Flag("grant") ? WindowVerb.Grant : WindowVerb.Request;
            var submission = await acts.AskAsync(body, verb, context.Bearer(), context.RequestAborted);
            context.Response.Headers.Location = "/v1/windows/" + submission.WindowId;
            return intake.Answer(await intake.SubmitAsync(submission), submission.WindowId);
        }
        catch (UnreadableException wrong)
        {
            return intake.Answer(Receipt.Invalid(wrong.Message));
        }
    }

    private async Task<IResult> ActAsync(HttpContext context, WindowPosting act)
    {
        var id = await context.WindowAsync();
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
}

/// <summary>Reads what somebody does with a window, however it comes: by the API or by a page.</summary>
internal sealed class WindowActs(
    RecordIntake intake, IAuditStore store, PeopleNow people, ApiSettings settings)
{
    /// <summary>A request for a window, or a grant of one.</summary>
    /// <exception cref="UnreadableException">The body is none.</exception>
    /// <exception cref="RefusedException">The token may not, or is bound to others.</exception>
    public async Task<WindowSubmission> AskAsync(
        StrictObject body, WindowVerb verb, Bearer actor, CancellationToken cancellation)
    {
        var needed = verb == WindowVerb.Grant ? Roles.Approve : Roles.Ingest;
        if (!actor.HasAny(needed))
        {
            throw new RefusedException(Problem.Forbidden(
                $"The token \"{actor.Name}\" lacks the role to {verb.ToString().ToLowerInvariant()} a window: "
                    + $"{RoleNames.Join(needed)}."));
        }

        var message = (WindowMessage.Asking)WindowBody.Read(body, verb, actor, intake.Now, intake.Hasher);
        if (actor.RefuseBound(message.Terms.Agent, message.Terms.TaskId) is { } refusal)
        {
            throw new RefusedException(Problem.Forbidden(refusal));
        }

        if (verb == WindowVerb.Grant)
        {
            RequireSources(actor, message.Terms.Sources);
        }

        // A book of one person lets her grant what is for a source of hers; it says so.
        var parties = verb == WindowVerb.Grant && !settings.AllowSelfApproval
            ? await people.PartiesOfAsync(Meaning(message.Terms.Sources), asker: null, cancellation) : Parties.None;
        return new WindowSubmission(
            WindowBody.IdOf(message, intake.Hasher), message with { Delivery = Of(message, actor, parties) },
            body.Bytes);
    }

    /// <exception cref="UnreadableException">The body is none of such an act.</exception>
    /// <exception cref="RefusedException">There is no such window, or the token is bound to others.</exception>
    public async Task<WindowSubmission> ReadAsync(
        string id, StrictObject body, WindowVerb verb, Bearer actor, CancellationToken cancellation)
    {
        var message = WindowBody.Read(body, verb, actor, intake.Now, intake.Hasher);
        var window = await FindAsync(id, actor, cancellation);
        if (message is WindowMessage.Approve or WindowMessage.Extend)
        {
            RequireSources(actor, window.Terms?.Sources ?? []);
            message = message is WindowMessage.Approve approval && WindowDuration.Read(body) is { } length
                && window.Terms is { } terms
                    ? approval with { ClosesAt = EndOf(window.State, terms, approval, length) }
                    : message;
        }
        else if (message is WindowMessage.Accept accepted)
        {
            RequireSources(actor, [accepted.Span.Session.Source]);
        }

        var parties = message is WindowMessage.Accept { Span: var span }
            ? await people.PartiesOfAsync(span.Session.Source, asker: null, cancellation)
            : await PartiesAsync(window, cancellation);
        return new WindowSubmission(id, message with { Delivery = Of(message, actor, parties) }, body.Bytes);
    }

    /// <summary>Why the law would write down a violation if this bearer did this now; null where not.</summary>
    public async Task<string?> WhyNotAsync(
        WindowModel known, WindowVerb verb, Bearer actor, CancellationToken cancellation)
    {
        var later = known.ClosesAt?.Add(TimeSpan.FromSeconds(1)).ToString();
        var body = verb == WindowVerb.Extend ? $"{{\"closes_at\":\"{later}\"}}" : "{}";
        try
        {
            var act = await ReadAsync(
                known.WindowId, StrictObject.Parse(Encoding.UTF8.GetBytes(body)), verb, actor, cancellation);
            var window = await FindAsync(known.WindowId, actor, cancellation);
            var decision = WindowDecider.Decide(window, act.Message, settings.MaxWindowLength);
            return decision.Outcome == MessageOutcome.Violation ? decision.Sentence : null;
        }
        catch (RefusedException refused)
        {
            return refused.Problem.Detail.TrimEnd('.');
        }
    }

    /// <exception cref="RefusedException">There is no such window, or the token is bound to others.</exception>
    public async Task<WindowHistory> FindAsync(string id, Bearer actor, CancellationToken cancellation)
    {
        var read = await WindowRead.ReadAsync(store.Opened, id, cancellation);
        return read.Events.Count == 0 || (actor.IsBound && read.RefuseFor(actor) is not null)
            ? throw new RefusedException(Problem.NotFound("There is no such window that this token may see."))
            : read.Window;
    }

    /// <summary>Who asked, and who is behind the source that asked and those that the window is for.</summary>
    public ValueTask<Parties> PartiesAsync(WindowHistory window, CancellationToken cancellation)
    {
        var isMeant = Meaning(window.Terms?.Sources ?? []);
        return people.PartiesOfAsync(
            name => name == window.RequestedSource || isMeant(name), window.RequestedFor, cancellation);
    }

    /// <summary>
    /// The end of a window that is approved for so long, from when it opens. The same approval once more is of the same
    /// length, and so no other act, whenever it comes.
    /// </summary>
    /// <exception cref="RefusedException">Nobody asked for so long, or it is over by now.</exception>
    private static Timestamp EndOf(
        WindowState state, WindowTerms terms, WindowMessage.Approve message, TimeSpan length)
    {
        if (message.ClosesAt is not null)
        {
            throw new UnreadableException("duration", "an approval has closes_at or a duration, not both");
        }

        var opens = terms.OpensFrom(message.ReceivedAt);
        var (closes, asked) = (opens.Add(length), terms.ClosesAt ?? opens.Add(terms.Duration!.Value));
        return state != WindowState.Requested || (closes > message.ReceivedAt && closes <= asked) ? closes
            : throw new RefusedException(Problem.Unprocessable(closes > asked
                ? $"The window would close at {closes}, later than {asked}, as was asked for; nothing was written."
                : $"The window opens at {opens}, and for so long it would have closed at {closes}; a length counts from "
                    + "when a window opens. Nothing was written."));
    }

    /// <summary>Who sees some sources only opens no window for others, nor for all that a pattern means.</summary>
    private static void RequireSources(Bearer actor, IReadOnlyList<string> sources)
    {
        if (sources.Select(actor.RefuseSource).FirstOrDefault(refusal => refusal is not null) is { } refusal)
        {
            throw new RefusedException(Problem.Forbidden(refusal));
        }
    }

    /// <summary>What the law needs to know of who acts, and cannot ask.</summary>
    private WindowDelivery Of(WindowMessage message, Bearer actor, Parties parties) => message.Delivery with
    {
        OfParty = parties.Include(actor),
        MintedByParty = message is WindowMessage.Approve or WindowMessage.Extend or WindowMessage.Grant
            && parties.MintedFor(actor, intake.Now.ToDateTimeOffset()),
    };

    private static Func<string, bool> Meaning(IReadOnlyList<string> sources) =>
        name => sources.Any(source => Glob.Matches(source, name));
}

/// <summary>What can be posted to a window, and who may.</summary>
internal sealed record WindowPosting(string Name, WindowVerb Verb, Roles AnyOf, string Summary)
{
    /// <summary>The acts on a window that is there.</summary>
    public static readonly IReadOnlyList<WindowPosting> Acts =
    [
        new("approve", WindowVerb.Approve, Roles.Approve,
            "Approves a requested window; the body may have closes_at, an earlier end than was asked for, or duration, "
            + "a shorter time from when it opens."),
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
