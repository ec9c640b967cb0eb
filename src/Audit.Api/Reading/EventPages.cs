namespace Audit.Api.Reading;

/// <summary>Reads pages and lines of the journal.</summary>
internal sealed class EventPages(
    IJournal journal, ReadSide reads, IHostApplicationLifetime life, FailureLog failures)
{
    private const int RowsAtOnce = 32;

    /// <summary>
    /// One page of what passes a filter. Who sees a part of the journal gets pages as if there were no more: these are
    /// read on until they are full or the journal ends, and end at an event of its own.
    /// </summary>
    public async Task<(List<SeenRow> Rows, long? Next)> ReadAsync(
        RowFilter filter, long after, int limit, CancellationToken cancellation)
    {
        var range = await SessionRange.OfAsync(reads, filter, cancellation);
        var found = new List<SeenRow>();
        var bytes = 0L;
        for (var scanned = 0; scanned < ReadLimits.ListScan || !filter.Scope.IsAll;)
        {
            after = range.Skip(after);
            IReadOnlyList<JournalRow> page;
            try
            {
                page = await journal.ReadAfterAsync(after, ReadLimits.PageRows, ReadLimits.PageBytes, cancellation);
            }
            catch (JournalUnavailableException away) when (found.Count > 0)
            {
                // The next page begins with what cannot be read, and says so.
                failures.Report("reading of events", away);
                return (found, filter.Scope.IsAll ? after : found[^1].Row.Position);
            }

            if (page.Count == 0 || page[0].Position > filter.Through)
            {
                return (found, null);
            }

            scanned += page.Count;
            foreach (var row in page)
            {
                var (isFull, seen) = (found.Count == limit || bytes >= ReadLimits.ListBytes, new SeenRow(row));
                if (isFull && (filter.Scope.IsAll || filter.Passes(seen)))
                {
                    return (found, filter.Scope.IsAll ? after : found[^1].Row.Position);
                }

                after = row.Position;
                if (!isFull && filter.Passes(seen))
                {
                    found.Add(seen);
                    bytes += row.Message.Length;
                }
            }
        }

        return (found, after);
    }

    /// <summary>One page of what passes a filter of a stream.</summary>
    public async Task<(List<SeenRow> Rows, long? Next)> OfStreamAsync(
        StreamKey stream, RowFilter filter, long after, int limit, CancellationToken cancellation)
    {
        var rows = new List<SeenRow>();
        var bytes = 0L;
        while (true)
        {
            var page = await journal.ReadStreamAsync(stream, after, RowsAtOnce, cancellation);
            foreach (var row in SeenRow.Of(page).Where(filter.Passes))
            {
                // Only what passes shows that anything follows.
                if (rows.Count == limit || bytes >= ReadLimits.ListBytes)
                {
                    return (rows, rows[^1].Row.Sequence);
                }

                rows.Add(row);
                bytes += row.Row.Message.Length;
            }

            if (page.Count < RowsAtOnce)
            {
                return (rows, null);
            }

            after = page[^1].Sequence;
        }
    }

    /// <summary>What passes as NDJSON, up to the end of the journal.</summary>
    public async Task SendLinesAsync(HttpContext context, RowFilter filter, long after, int limit)
    {
        var range = await SessionRange.OfAsync(reads, filter, context.RequestAborted);
        context.Response.ContentType = "application/x-ndjson";
        await context.BeforeAnswerAsync(StatusCodes.Status200OK);
        var buffer = new ArrayBufferWriter<byte>((int)ReadLimits.PageBytes);
        await using var json = new Utf8JsonWriter(buffer, Reply.Options);
        while (limit > 0 && !life.ApplicationStopping.IsCancellationRequested)
        {
            after = range.Skip(after);
            IReadOnlyList<JournalRow> page;
            try
            {
                page = await journal.ReadAfterAsync(
                    after, ReadLimits.PageRows, ReadLimits.PageBytes, context.RequestAborted);
            }
            catch (JournalUnavailableException away) when (context.Response.HasStarted)
            {
                // A connection that is cut would not say why there are no more.
                failures.Report("reading of events", away);
                RowWriter.WriteStopped(filter.Scope.Hide(after), away.Message, buffer);
                await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
                return;
            }

            if (page.Count == 0 || page[0].Position > filter.Through)
            {
                return;
            }

            after = page[^1].Position;
            foreach (var row in SeenRow.Of(page).Where(filter.Passes).Take(limit))
            {
                limit--;
                RowWriter.Write(json, row, filter.Scope, inOneLine: true);
                json.Flush();
                json.Reset();
                buffer.Write("\n"u8);
            }

            await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
            buffer.ResetWrittenCount();
        }

        if (life.ApplicationStopping.IsCancellationRequested)
        {
            // Cut, so that it cannot be taken for the end.
            context.Abort();
        }
    }
}

/// <summary>
/// Where in the journal a session can lie: between its first event and its last that the read models know, and behind
/// what they know. What is not there need not be read through.
/// </summary>
internal readonly record struct SessionRange(long First, long Last, long Known)
{
    private static readonly SessionRange Everywhere = new(0, 0, 0);

    public static async Task<SessionRange> OfAsync(ReadSide reads, RowFilter filter, CancellationToken cancellation)
    {
        if (filter.Session is not { } session)
        {
            return Everywhere;
        }

        var known = await reads.Models.PositionAsync(cancellation);
        var sources = filter.Source is { } only ? [only] : await reads.Models.SourcesOfAsync(session, cancellation);
        var found = new List<SessionModel>(sources.Count);
        foreach (var source in sources)
        {
            if (await reads.Models.SessionAsync(new SessionName(source, session), cancellation) is { } one)
            {
                found.Add(one);
            }
        }

        return found.Count == 0
            ? new SessionRange(known + 1, known, known)
            : new SessionRange(found.Min(one => one.Id), found.Max(one => one.LastPosition), known);
    }

    /// <summary>The next position behind which the session's events can be.</summary>
    public long Skip(long after) =>
        after < First - 1 ? First - 1
        : after >= Last && after < Known ? Known
        : after;
}

/// <summary>The bounds of reading, so that no answer is held whole that could be large.</summary>
internal static class ReadLimits
{
    public const int PageRows = 500;

    public const long PageBytes = 1 << 20;

    /// <summary>A list ends early when it has become as large as this; the cursor goes on.</summary>
    public const long ListBytes = 8 << 20;

    /// <summary>Rows that one request of a list looks through for those that pass its filter.</summary>
    public const int ListScan = 50_000;

    /// <summary>Live readers at one time.</summary>
    public const int Tails = 1_024;

    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
}
