using System.Collections.Concurrent;
using Audit.Api.Acting;
using Audit.Api.Diary;
using Audit.Api.Intake;

namespace Audit.Api.Cases;

/// <summary>What a case points to: a call, a window or a search.</summary>
/// <param name="Number">Of the event by which it was pinned.</param>
/// <param name="Query">Its relative times are those of the moment at which it was pinned.</param>
/// <param name="Through">The last position that the book had of it then.</param>
public sealed record CasePin(
    long Number, SessionName Session, string? Call, string? Window, string? Query, string? Note, string By,
    Timestamp At, long? Through)
{
    public bool IsOf(CasePin other) =>
        (Session, Call, Window, Query) == (other.Session, other.Call, other.Window, other.Query);
}

/// <summary>Something that was done with a case.</summary>
/// <param name="Text">The title, the note, or what is said of a pin.</param>
/// <param name="Pin">Which pin it is about.</param>
/// <param name="Sha256">Of the page for people that was exported.</param>
public sealed record CaseAct(
    long Position, long Number, string Act, string By, Timestamp At, string? Text, long? Pin, string? Sha256);

/// <summary>A case as lists show it.</summary>
/// <param name="Closing">Null while it is open.</param>
public sealed record CaseSummary(
    string Id, string Title, CaseAct Opening, CaseAct? Closing, int Pins, int Notes, Timestamp LastAt)
{
    public string State => Closing is null ? "open" : "closed";
}

/// <summary>A case as its stream has it.</summary>
/// <param name="Last">The last number of its stream: who relies on what is here writes behind it.</param>
public sealed record CaseFile(string Id, IReadOnlyList<CaseAct> History, IReadOnlyList<CasePin> Pins, long Last)
{
    public const string Opened = "case.opened", Pinned = "case.pinned", Unpinned = "case.unpinned",
        Noted = "case.noted", Closed = "case.closed";

    public const string Unreadable = "(its content cannot be opened)";

    public string Title => TitleOf(History[0]);

    public CaseAct Opening => History[0];

    /// <summary>Null while it is open.</summary>
    public CaseAct? Closing => History.FirstOrDefault(act => act.Act == Closed);

    public CaseSummary Summary => new(
        Id, Title, Opening, Closing, Pins.Count, History.Count(act => act.Act == Noted), History[^1].At);

    public string State => Summary.State;

    public static string TitleOf(CaseAct opening) => opening.Text ?? Unreadable;

    /// <returns>Null where no node wrote that there is such a case.</returns>
    public static CaseFile? Of(string id, IReadOnlyList<JournalRow> rows)
    {
        var (history, pins) = (new List<CaseAct>(), new List<CasePin>());
        foreach (var row in rows.Where(row => row.IsProven))
        {
            var (act, facts, said) = Read(row);
            history.Add(act);
            if (act.Act == Pinned)
            {
                pins.Add(new CasePin(
                    row.Sequence,
                    new SessionName(Text(facts, "source") ?? "", Text(facts, "session_id") ?? ""),
                    Text(facts, "tool_call_id"), Text(facts, "window_id"),
                    Text(facts, "kind") == "search" ? Text(said, "query") ?? Unreadable : null, act.Text, act.By,
                    act.At, Number(facts, "through")));
            }
            else if (act.Act == Unpinned)
            {
                pins.RemoveAll(pin => pin.Number == act.Pin);
            }
        }

        return history is [{ Act: Opened }, ..] ? new CaseFile(id, history, pins, rows[^1].Sequence) : null;
    }

    /// <summary>What a row says was done.</summary>
    public static CaseAct ActOf(JournalRow row) => Read(row).Act;

    private static (CaseAct Act, JsonElement Facts, JsonElement Said) Read(JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        var (facts, said) = (Members(view, EventField.Facts), Members(view, EventField.Detail));
        var act = new CaseAct(
            row.Position, row.Sequence, view.Text(EventField.Act) ?? "",
            Text(facts, "person") ?? view.Text(EventField.Token) ?? "", view.RequiredTime(EventField.ReceivedAt),
            Text(said, "text"), Number(facts, "pin"), Text(facts, BundleReport.HashMember));
        return (act.Act == Pinned ? act with { Pin = row.Sequence } : act, facts, said);
    }

    internal static JsonElement Members(in EventView view, EventField field) =>
        view.Raw(field) is { IsEmpty: false } raw ? JsonElement.Parse(raw) : default;

    internal static string? Text(JsonElement members, string name) =>
        members.ValueKind == JsonValueKind.Object && members.TryGetProperty(name, out var value)
            ? value.GetString()
            : null;

    private static long? Number(JsonElement members, string name) =>
        long.TryParse(Text(members, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : null;
}

/// <summary>An act on a case that is to be written.</summary>
/// <param name="Facts">What everybody may read who has the row.</param>
/// <param name="Said">What people wrote; it passes redaction, and is sealed.</param>
internal sealed record CaseDraft(
    string Act, (string Name, string? Value)[] Facts, params (string Name, string? Value)[] Said);

/// <summary>
/// The cases as the book has them: each is a stream of its own, whose key opens nothing else, and one more stream says
/// which there are. Who asks reads what the journal has at that moment, on every node.
/// </summary>
internal sealed class CaseBook(IAuditStore store, RecordIntake intake)
{
    public const int LongestTitle = 200, LongestNote = 4_000, MostPins = 100;

    /// <summary>Who opens cases and adds to them: as with reviews, no token that only reads writes a note.</summary>
    public const Roles MayWrite = Reviewing.MayReview;

    private const string Listed = "case.listed";
    private const int MostTries = 20, MostActs = 2_000, RowsAtOnce = 500, MostKnown = 20_000;

    private readonly ConcurrentDictionary<string, CaseTally> known = [];
    private CaseIndex index = new(0, []);

    /// <exception cref="RefusedException">There is none.</exception>
    public async Task<CaseFile> FindAsync(string id, CancellationToken cancellation) =>
        CaseFile.Of(id, await ReadStreamAsync(StreamNames.Case(id), cancellation)) is { } found ? found
            : throw new RefusedException(Problem.NotFound($"There is no case \"{id}\"."));

    /// <summary>
    /// A page of the cases, the newest first. Of each case what was written since somebody last asked is read, and its
    /// title; nothing that is sealed is remembered.
    /// </summary>
    /// <param name="before">Where the page before ended; null for the first.</param>
    /// <param name="isOpen">Only open ones, or only closed ones.</param>
    /// <returns>And where the list goes on; null at its end.</returns>
    public async Task<(IReadOnlyList<CaseSummary> Cases, long? Next)> ListAsync(
        int limit, long? before, bool? isOpen, CancellationToken cancellation)
    {
        var rows = await ReadStreamAsync(StreamNames.Cases, cancellation, index.Last);
        var all = rows.Count == 0 ? index : index = new CaseIndex(
            rows[^1].Sequence,
            [.. index.Cases, .. rows.Where(row => row.IsProven).Select(row => (row.Sequence, IdIn(row)))]);
        var (found, last) = (new List<CaseSummary>(), 0L);
        foreach (var (place, id) in all.Cases.Where(one => one.Place < (before ?? long.MaxValue)).Reverse())
        {
            // What is closed stays so.
            if ((isOpen is true && known.GetValueOrDefault(id)?.Closing is not null)
                || await TallyAsync(id, cancellation) is not { Opening: { } opening } tally
                || isOpen == tally.Closing is not null)
            {
                continue;
            }

            if (found.Count == limit)
            {
                return (found, last);
            }

            var first = await store.Opened.ReadStreamAsync(
                new StreamKey(StreamNames.Case(id)), opening.Number - 1, 1, cancellation);
            found.Add(new CaseSummary(
                id, CaseFile.TitleOf(CaseFile.ActOf(first[0])), opening, tally.Closing, tally.Pins, tally.Notes,
                tally.LastAt));
            last = place;
        }

        return (found, null);
    }

    public async Task<CaseFile> OpenAsync(StrictObject body, Bearer actor, CancellationToken cancellation)
    {
        body.RequireOnly(["title"]);
        var (id, title) = (
            "c-" + Guid.CreateVersion7(intake.Clock.GetUtcNow()).ToString("N"), Said(body, "title", LongestTitle)!);
        // A case that is listed and was not opened is passed over, and one that is not listed would be lost.
        await WriteAsync(StreamNames.Cases, actor, new CaseDraft(Listed, [("id", id)]), after: -1);
        await WriteAsync(StreamNames.Case(id), actor, new CaseDraft(CaseFile.Opened, [("id", id)], ("text", title)), 0);
        return await FindAsync(id, cancellation);
    }

    /// <summary>Adds an act to an open case, decided by what the case has.</summary>
    public async Task<Receipt> ActAsync(
        string id, Bearer actor, Func<CaseFile, CaseDraft> decide, CancellationToken cancellation, bool isLate = false)
    {
        for (var tries = 1; tries <= MostTries; tries++)
        {
            var file = await FindAsync(id, cancellation);
            if (file.Closing is { } closing && !isLate)
            {
                throw new RefusedException(Problem.Refused(
                    "case-closed", "The case is closed",
                    $"{closing.By} closed it on {closing.At}; what is found later belongs in another one."));
            }

            // Whoever only reads exports, and keeps nobody from writing so.
            if (file.History.Count(act => act.Act == BundleReport.Act == isLate) >= MostActs)
            {
                throw new RefusedException(Problem.Unprocessable(
                    $"The case has {MostActs} acts, which is the most; open another one."));
            }

            if (await WriteAsync(StreamNames.Case(id), actor, decide(file), file.Last) is { } receipt)
            {
                return receipt;
            }
        }

        throw new RefusedException(Problem.Conflict("Others write in this case at this moment; try again."));
    }

    /// <summary>A text of people, as a body has it.</summary>
    /// <returns>Null where it is missing and may be.</returns>
    public static string? Said(StrictObject body, string name, int longest, bool isNeeded = true)
    {
        // A form ends its lines with two characters.
        var text = (isNeeded ? body.RequiredText(name) : body.Text(name))?.ReplaceLineEndings("\n");
        return text is null || (text.Length <= longest && !string.IsNullOrWhiteSpace(text))
            ? text
            : throw new UnreadableException(name, $"a text of at most {longest} characters is expected");
    }

    private async Task<CaseTally> TallyAsync(string id, CancellationToken cancellation)
    {
        var tally = known.GetValueOrDefault(id) ?? CaseTally.None;
        var rows = await ReadStreamAsync(StreamNames.Case(id), cancellation, tally.Last);
        if (rows.Count == 0)
        {
            return tally;
        }

        if (known.Count >= MostKnown)
        {
            known.Clear();
        }

        return known[id] = rows.Where(row => row.IsProven).Select(CaseFile.ActOf)
            .Aggregate(tally, (sum, act) => sum.Add(act)) with { Last = rows[^1].Sequence };
    }

    private async Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        string stream, CancellationToken cancellation, long after = 0)
    {
        var found = new List<JournalRow>();
        while (true)
        {
            var rows = await store.Opened.ReadStreamAsync(new StreamKey(stream), after, RowsAtOnce, cancellation);
            found.AddRange(rows);
            if (rows.Count < RowsAtOnce)
            {
                return found;
            }

            after = rows[^1].Sequence;
        }
    }

    /// <returns>Null where the stream went on behind the number.</returns>
    public async Task<Receipt?> WriteAsync(string stream, Bearer actor, CaseDraft draft, long after)
    {
        var receipt = await intake.SubmitAsync(new OperatorSubmission(
            stream, draft.Act, actor.Name, intake.Now,
            draft.Said.Length == 0 ? default : ActReader.MembersOf(draft.Said))
        {
            Facts = ActReader.MembersOf([.. draft.Facts, ("person", actor.PersonBesideName)]),
            After = after,
        });
        return receipt.Status switch
        {
            ReceiptStatus.Recorded => receipt,
            ReceiptStatus.Refused => null,
            _ => throw new RefusedException(Problem.Of(receipt) ?? Problem.JournalAway(receipt.Error)),
        };
    }

    private static string IdIn(JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        return JsonElement.Parse(view.Raw(EventField.Facts)).GetProperty("id").GetString()!;
    }
}

/// <summary>Which cases there are, the oldest first, by their place in the list's own stream.</summary>
internal sealed record CaseIndex(long Last, IReadOnlyList<(long Place, string Id)> Cases);

/// <summary>What was done with a case, counted up to a number of its stream; what people wrote is not in it.</summary>
internal sealed record CaseTally(
    long Last, CaseAct? Opening, CaseAct? Closing, int Pins, int Notes, Timestamp LastAt)
{
    public static readonly CaseTally None = new(0, null, null, 0, 0, default);

    public CaseTally Add(CaseAct act)
    {
        var plain = act with { Text = null };
        var counted = this with { Last = act.Number, LastAt = act.At };
        return act.Act switch
        {
            CaseFile.Opened when Last == 0 => counted with { Opening = plain },
            CaseFile.Pinned => counted with { Pins = Pins + 1 },
            CaseFile.Unpinned => counted with { Pins = Pins - 1 },
            CaseFile.Noted => counted with { Notes = Notes + 1 },
            CaseFile.Closed => counted with { Closing = Closing ?? plain },
            _ => counted,
        };
    }
}
