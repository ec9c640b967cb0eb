namespace Audit.Api.Reading;

/// <summary>
/// Reads the journal from its beginning to where it ended when the export began, and writes what passes.
/// </summary>
/// <param name="end">Where that was; null to find it out.</param>
internal sealed class JournalExport(
    IJournal journal, PayloadKeys keys, ExportRequest request, RowFilter mayBeSeen, long? end = null)
{
    /// <param name="send">Takes what has been written, piece by piece.</param>
    /// <param name="passed">Receives the position that was passed, and the last one.</param>
    /// <returns>Why it ends early, as its last line says as well; null for all of it.</returns>
    /// <exception cref="TooManyCallsException">The form cannot hold what there is; nothing was sent.</exception>
    /// <exception cref="JournalUnavailableException">There is nothing to read; nothing was sent.</exception>
    public async Task<JournalUnavailableException?> RunAsync(
        Func<ReadOnlyMemory<byte>, ValueTask> send, Action<long, long> passed, CancellationToken cancellation)
    {
        var known = end ?? await journal.LastPositionAsync(cancellation);
        var last = Math.Min(request.Before?.Position ?? known, known);
        var filter = new ExportFilter(request, await ReadWindowAsync(journal, request, cancellation), mayBeSeen);
        var writer = request.OpenWriter(mayBeSeen.Scope, keys);
        var buffer = new ArrayBufferWriter<byte>((int)ReadLimits.PageBytes);
        writer.Begin(buffer);
        // What a call's first message says of its task may stand before what is asked for.
        var start = request is { Task: null, Window: null } ? request.After?.Position ?? 0 : 0;
        var hasBegun = false;
        for (var position = start; position < last;)
        {
            IReadOnlyList<JournalRow> page;
            try
            {
                page = await journal.ReadAfterAsync(
                    position, ReadLimits.PageRows, ReadLimits.PageBytes, cancellation);
            }
            catch (JournalUnavailableException away) when (hasBegun)
            {
                writer.Stop(mayBeSeen.Scope.Hide(position), away.Message, buffer);
                await SendAsync(buffer, send);
                return away;
            }

            if (page.Count == 0)
            {
                break;
            }

            Write(page, last, filter, writer, buffer);
            position = page[^1].Position;
            hasBegun |= await SendAsync(buffer, send);
            passed(Math.Min(position, last), last);
        }

        writer.End(buffer);
        await SendAsync(buffer, send);
        return null;
    }

    private void Write(
        IReadOnlyList<JournalRow> page, long last, ExportFilter filter, IExportWriter writer,
        ArrayBufferWriter<byte> buffer)
    {
        foreach (var row in SeenRow.Of(page.TakeWhile(row => row.Position <= last)).Where(filter.MayBeSeen))
        {
            var entry = new BookEvent(row.Row.Position, row.Row.PersistenceId, row.Row.Sequence, row.View);
            if (filter.Passes(entry))
            {
                row.TraceIn(mayBeSeen.Scope);
                writer.Write(row, ShownOf(row, entry), buffer);
            }
        }
    }

    private BookEvent ShownOf(SeenRow row, BookEvent entry) => mayBeSeen.Scope.Veil is null ? entry
        : new BookEvent(mayBeSeen.Scope.Hide(row.Row.Position), row.Row.PersistenceId, row.Row.Sequence, row.View);

    /// <returns>Whether there was anything.</returns>
    private static async ValueTask<bool> SendAsync(
        ArrayBufferWriter<byte> buffer, Func<ReadOnlyMemory<byte>, ValueTask> send)
    {
        if (buffer.WrittenCount == 0)
        {
            return false;
        }

        await send(buffer.WrittenMemory);
        buffer.ResetWrittenCount();
        return true;
    }

    /// <returns>The window that is asked for; null where none is.</returns>
    public static async Task<WindowHistory?> ReadWindowAsync(
        IJournal journal, ExportRequest request, CancellationToken cancellation)
    {
        if (request.Window is not { } window)
        {
            return null;
        }

        var rows = await journal.ReadStreamAsync(
            new StreamKey(StreamNames.Window(window)), afterSequence: 0, WindowLimits.MostRead, cancellation);
        return rows.Where(row => row.IsProven).Select(EventReader.ReadWindow).Aggregate(
            WindowHistory.Empty, WindowDecider.Evolve);
    }
}

/// <summary>
/// Which events an export holds. A call or a window belongs to its task with all its events, also those that name no
/// task; to a window belong its own events and what its agent did for its task while it was open.
/// </summary>
internal sealed class ExportFilter(ExportRequest request, WindowHistory? window, RowFilter mayBeSeen)
{
    private readonly HashSet<string> streamsOfTask = [];
    private readonly HashSet<string> callsOfWindow = [];

    public bool MayBeSeen(SeenRow row) => mayBeSeen.Passes(row);

    public bool Passes(BookEvent entry) =>
        (request.After is not { } after || after.Compare(entry) > 0)
        && (request.Before is not { } before || before.Compare(entry) < 0)
        && (request.Session is null || entry.SessionId == request.Session)
        && (request.Source is null || entry.Source == request.Source)
        && (request.Task is null || IsOf(streamsOfTask, entry, entry.TaskId == request.Task))
        && (request.Window is null || entry.WindowId == request.Window || IsInWindow(entry));

    private bool IsInWindow(BookEvent entry)
    {
        var isOfItsTask = window?.Terms is { } terms && entry.TaskId == terms.TaskId && entry.Agent == terms.Agent
            && (terms.Sources.Count == 0 || terms.Sources.Any(glob => Glob.Matches(glob, entry.Source ?? "")));
        return IsOf(callsOfWindow, entry, isOfItsTask)
            && Rfc3339.TryParse(entry.HappenedAt ?? entry.ReceivedAt ?? "", out var at) && window!.IsOpenAt(at);
    }

    private static bool IsOf(HashSet<string> streams, BookEvent entry, bool isNamed)
    {
        if (isNamed && (entry.ToolCallId ?? entry.WindowId) is not null)
        {
            streams.Add(entry.Stream);
        }

        return isNamed || streams.Contains(entry.Stream);
    }
}

/// <summary>Writes rows of the journal in the form that was asked for.</summary>
internal interface IExportWriter
{
    void Begin(IBufferWriter<byte> to);

    void Write(SeenRow row, BookEvent entry, IBufferWriter<byte> to);

    void End(IBufferWriter<byte> to);

    /// <inheritdoc cref="IBookWriter.Stop"/>
    void Stop(long after, string why, IBufferWriter<byte> to);
}

/// <summary>The forms that are made of what an event says.</summary>
internal sealed class BookExport(IBookWriter book) : IExportWriter
{
    public void Begin(IBufferWriter<byte> to) => book.Begin(to);

    public void Write(SeenRow row, BookEvent entry, IBufferWriter<byte> to) => book.Write(entry, to);

    public void End(IBufferWriter<byte> to) => book.End(to);

    public void Stop(long after, string why, IBufferWriter<byte> to) => book.Stop(after, why, to);
}

/// <summary>The rows themselves, a line each, as `/v1/events` gives them.</summary>
/// <param name="keys">For rows as they are stored beside what they say; null for what they say alone.</param>
internal sealed class RowExport(ReadScope scope, PayloadKeys? keys) : IExportWriter
{
    public void Begin(IBufferWriter<byte> to)
    {
        // Lines have no head.
    }

    public void Write(SeenRow row, BookEvent entry, IBufferWriter<byte> to)
    {
        using (var json = new Utf8JsonWriter(to, Reply.Options))
        {
            RowWriter.Write(json, row, scope, inOneLine: true, keys);
        }

        to.Write("\n"u8);
    }

    public void End(IBufferWriter<byte> to)
    {
        // And no foot.
    }

    public void Stop(long after, string why, IBufferWriter<byte> to) => RowWriter.WriteStopped(after, why, to);
}
