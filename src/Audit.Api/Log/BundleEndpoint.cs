using Audit.Api.Diary;
using Audit.Api.Reading;
using Microsoft.AspNetCore.Http.Features;

namespace Audit.Api.Log;

/// <summary>`GET /v1/log/bundle`: what is sealed, of all or of one session, task or window.</summary>
internal sealed class BundleEndpoint(
    NodeLog log, IJournal journal, ApiSettings settings, FailureLog failures) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes) => routes.Get(
        "/v1/log/bundle", LogEndpoints.Guarded(SendAsync), Roles.Read | Roles.Export,
        "What is sealed in one zip file, which `audit verify --bundle` verifies.",
        "Rows, entries, tiles, checkpoint, verifier key, the keys of the calls that it is about, and a text on how to "
            + "check it by hand. The rows are "
            + "those that the "
        + "token may see, or those of one session, task or window; of the others it has the log's entries. All rows "
        + "are for admin and export. A bundle of a part says how much its sessions held, as it was sealed when they "
        + "ended and every hour, unless the token sees only some agents or tasks.",
        new("session", "Only this session, whole."), new("source", "Which reported it."),
        new("task", "Only the windows, notes and calls of this task."),
        new("window", "Only this window and what was done in it."))
        .WithMetadata(CopyMark.Copy).Scoped(Scope.Binding);

    private async Task<IResult> SendAsync(HttpContext context)
    {
        var scope = await ScopeAsync(context);
        if (await log.Reader.HeadAsync(context.RequestAborted) is not { Stored: not null } head)
        {
            return Problem.NotFound("Nothing is sealed yet that could be exported.");
        }

        return await BundleScopes.SendAsync(
            context, $"audit-log-{head.Size}.zip", settings.Store, log.Entries, scope, failures);
    }

    private async Task<BundleScope> ScopeAsync(HttpContext context)
    {
        var (bearer, query) = (context.Bearer(), context.Query());
        var filter = new RowFilter(context.Reads().Scope, bearer.SeesAdministration);
        var wanted = ExportRequest.Read(
            name => name is "format" or "keys" ? null : query.Text(name), query.Refuse, filter.Scope);
        if (wanted.Session is { } session)
        {
            // Of one id several sources may report a session; a bundle is of one.
            wanted = wanted with { Source = (await context.SessionAsync(session, wanted.Source)).Source };
        }

        return await BundleScopes.OfAsync(
            journal, wanted, filter, $"the token \"{bearer.Name}\"", context.RequestAborted);
    }
}

/// <summary>Which rows a bundle has.</summary>
internal static class BundleScopes
{
    /// <param name="who">For whom it is, in words.</param>
    public static async Task<BundleScope> OfAsync(
        IJournal journal, ExportRequest wanted, RowFilter filter, string who, CancellationToken cancellation)
    {
        var what = wanted switch
        {
            { Session: { } one } => $"the session \"{one}\" of \"{wanted.Source}\"",
            { Task: { } task } => $"the task \"{task}\"",
            { Window: { } window } => $"the window \"{window}\"",
            { Source: { } all } => $"the source \"{all}\"",
            _ => null,
        };
        if (what is null)
        {
            return filter.SeesAdministration
                ? BundleScope.All
                : new BundleScope($"what {who} may see", Sees) { Hides = Hides() };
        }

        var whole = wanted is { Session: { } id, Source: { } source }
            ? StreamNames.Key(new SessionName(source, id))
            : null;
        var session = whole is null ? null : Encoding.UTF8.GetBytes(whole);
        var rows = new ExportFilter(
            wanted, await JournalExport.ReadWindowAsync(journal, wanted, cancellation), filter);
        return new BundleScope($"of {what}, what {who} may see", Holds)
        {
            // Who sees some agents or tasks is not told how much there is of the others.
            HasContents = filter.Scope.Agents.Count == 0 && filter.Scope.Tasks.Count == 0,
            WholeSession = whole,
            Hides = Hides(),
        };

        // Who is bound sees of a call what names his agents and tasks, and a key opens all of it.
        BundleChoice? Hides() => filter.Scope.IsAll ? null : (stream, message) => !Sees(stream, message);

        bool Sees(ReadOnlySpan<byte> stream, ReadOnlyMemory<byte> message) => filter.Passes(RowOf(stream, message));

        // A session is all that lies in its streams, also what nobody can read any more.
        bool Holds(ReadOnlySpan<byte> stream, ReadOnlyMemory<byte> message)
        {
            var row = RowOf(stream, message);
            return rows.MayBeSeen(row) && (session is not null
                ? StreamNames.TrySplit(stream, out var of, out _, out _) && of.SequenceEqual(session)
                : row.IsOurs && rows.Passes(new BookEvent(0, row.Row.PersistenceId, 0, row.View)));
        }
    }

    /// <summary>Answers with a bundle as it is written.</summary>
    public static async Task<IResult> SendAsync(
        HttpContext context, string file, string store, EntryKeys entries, BundleScope scope, FailureLog failures)
    {
        await context.BeforeAnswerAsync(StatusCodes.Status200OK);
        context.Response.ContentType = "application/zip";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{file}\"";
        if (context.Features.Get<IHttpBodyControlFeature>() is { } control)
        {
            // The framework's zip writer ends each file of the archive with a few bytes that it writes synchronously.
            control.AllowSynchronousIO = true;
        }

        if (await LogBundle.WriteAsync(
            store, context.Response.Body, entries, scope, null, context.RequestAborted) is { } damage)
        {
            failures.Report("bundle", damage);
        }

        return Reply.Sent;
    }

    private static SeenRow RowOf(ReadOnlySpan<byte> stream, ReadOnlyMemory<byte> message) =>
        new(new JournalRow(0, Encoding.UTF8.GetString(stream), 0, 0, "", message.ToArray()));
}
