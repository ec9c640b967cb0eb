using System.Security.Cryptography;
using Audit.Integrity.Entries;
using Audit.Integrity.Verification;
using Audit.Lifecycle.Windows;

namespace Audit.Integrity.Keeping;

/// <summary>How long sessions are kept of which something is true; the last rule is for all.</summary>
/// <param name="Keep">Null for ever.</param>
public sealed record RetentionClass(
    string Name, TimeSpan? Keep, IReadOnlyList<string> Tool, IReadOnlyList<string> Task, IReadOnlyList<string> Tier,
    IReadOnlyList<string> Source)
{
    /// <summary>Of several tools, tasks or tiers of a session each must be meant: what stays keeps the rest.</summary>
    internal bool IsOf(StoredSession session) => Meant(Tool, session.Tools) && Meant(Task, session.Tasks)
        && Meant(Tier, session.Tiers) && Meant(Source, [session.Source]);

    private static bool Meant(IReadOnlyList<string> globs, IReadOnlyCollection<string> names) =>
        globs.Count == 0 || (names.Count > 0 && names.All(name => globs.Any(glob => Glob.Matches(glob, name))));
}

/// <summary>
/// The rules of `retention.json`: classes in order, the first that a session is of says how long it stays, by the time
/// at which the node recorded the last of it.
/// </summary>
/// <param name="Version">The SHA-256 of the file.</param>
public sealed record Retention(string Version, string Text, IReadOnlyList<RetentionClass> Classes)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <exception cref="BackupException">It is no such file; the message says where.</exception>
    public static Retention Parse(string text)
    {
        RetentionFile? file;
        try
        {
            file = JsonSerializer.Deserialize<RetentionFile>(text, Json);
        }
        catch (JsonException failure)
        {
            throw new BackupException($"The rules of retention cannot be read: {failure.Message}", failure);
        }

        if (file?.Default is null)
        {
            throw new BackupException(
                "The rules of retention have no \"default\"; accepted is how long, such as \"2y\" or \"90d\", or "
                + "\"forever\".");
        }

        var classes = (file.Classes ?? []).Select((one, index) => one is { Name.Length: > 0, Keep: { } keep }
            ? new RetentionClass(
                one.Name, TermOf(keep), one.Tool ?? [], one.Task ?? [], one.Tier ?? [], one.Source ?? [])
            : throw new BackupException(
                $"The class {index + 1} of the rules has no \"name\", or no \"keep\".")).ToList();
        return classes.DistinctBy(one => one.Name).Count() < classes.Count || classes.Any(one => one.Name == "default")
            ? throw new BackupException("Two classes of the rules have one name, or one is called \"default\".")
            : new Retention(
                Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))), text,
                [.. classes, new RetentionClass("default", TermOf(file.Default), [], [], [], [])]);
    }

    internal RetentionClass ClassOf(StoredSession session) => Classes.First(one => one.IsOf(session));

    internal bool IsDue(StoredSession session, DateTimeOffset now) =>
        ClassOf(session).Keep is { } keep && session.Recorded <= now.UtcDateTime - keep;

    /// <summary>What is due of a store, by classes, and what of that stays all the same, with why.</summary>
    public async Task<(IReadOnlyDictionary<string, long> Due, IReadOnlyDictionary<string, long> Stays)> PlanAsync(
        string address, EntryKeys entries, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        await using var log = await SealedLog.OpenAsync(address, cancellation);
        var all = await StoredSessions.OpenAsync(look, entries, log.Newest.LastPosition, now, cancellation);
        var (due, stays) = (new Dictionary<string, long>(), new SortedDictionary<string, long>());
        await foreach (var owner in all.OwnersAsync(cancellation))
        {
            if (await all.ReadAsync(owner, cancellation) is { } session && IsDue(session, now))
            {
                due[ClassOf(session).Name] = due.GetValueOrDefault(ClassOf(session).Name) + 1;
                if (session.Against is { } why)
                {
                    stays[why] = stays.GetValueOrDefault(why) + 1;
                }
            }
        }

        return (due, stays.ToDictionary());
    }

    /// <summary>
    /// What of a store goes by the rules at this moment, of the sessions that somebody names: whoever asks for it is
    /// not believed.
    /// </summary>
    /// <returns>All rows of these sessions, and the time, in ticks, behind which none of them was recorded.</returns>
    /// <exception cref="BackupException">One of them stays; the message says why.</exception>
    public async Task<(NamedRows Rows, long Before, long Last)> DueAsync(
        string address, EntryKeys entries, IReadOnlyList<string> owners, CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        await using var log = await SealedLog.OpenAsync(address, cancellation);
        if (log.Record.Halt is { } halt)
        {
            throw new BackupException($"The log is halted, and nothing goes until it goes on: {halt.Reason}");
        }

        var now = await NowAsync(address, cancellation);
        var all = await StoredSessions.OpenAsync(look, entries, log.Newest.LastPosition, now, cancellation);
        var (named, batch, shortest, last) = (new NamedRows(), new RowBatch(), TimeSpan.MaxValue, 0L);
        foreach (var owner in owners)
        {
            var session = await all.ReadAsync(owner, cancellation)
                ?? throw new BackupException($"There is no session {owner}: it stays out of what goes.");
            if ((session.Against ?? (IsDue(session, now) ? null : "it is not due by the rules")) is { } why)
            {
                throw new BackupException($"{owner} stays: {why}.");
            }

            var keep = ClassOf(session).Keep!.Value;
            (shortest, last) = (keep < shortest ? keep : shortest, Math.Max(last, session.Last));
            named.Add(owner, [.. SegmentRows.LeavesOf(session, entries, batch)]);
        }

        return (named, owners.Count == 0 ? 0 : (now.UtcDateTime - shortest).Ticks, last);
    }

    /// <summary>
    /// What time it is for the book: a clock that was set forward makes nothing due. Where the book is older, something
    /// was recorded in the two weeks before the last day; otherwise nobody knows how long nothing was.
    /// </summary>
    /// <exception cref="BackupException">Nobody knows.</exception>
    public static async Task<DateTimeOffset> NowAsync(string address, CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        var newest = await FindAsync(look, "ORDER BY ordering DESC LIMIT 1", [], cancellation);
        var oldest = await FindAsync(look, "ORDER BY ordering LIMIT 1", [], cancellation);
        if (newest is not { } last || oldest is not { } first)
        {
            return DateTimeOffset.UtcNow;
        }

        var now = last.Created < DateTimeOffset.UtcNow.UtcTicks ? last.Created : DateTimeOffset.UtcNow.UtcTicks;
        var (from, until) = (now - TimeSpan.FromDays(14).Ticks, now - TimeSpan.FromDays(1).Ticks);
        // Positions go with time, so that the last row before this last day is found by halving.
        var (low, high) = (first.Position, last.Position);
        while (low < high && first.Created < from)
        {
            var middle = low + ((high - low) / 2);
            var row = await FindAsync(look, "WHERE ordering > $1 ORDER BY ordering LIMIT 1", [middle], cancellation);
            (low, high) = row is { } found && found.Created < until ? (found.Position, high) : (low, middle);
        }

        return first.Created >= from
            || (await FindAsync(look, "WHERE ordering <= $1 ORDER BY ordering DESC LIMIT 1", [low], cancellation))
                ?.Created >= from
            ? new DateTimeOffset(now, TimeSpan.Zero)
            : throw new BackupException(
                "Nothing was recorded in the two weeks before the last day, so that a clock may have been set forward: "
                + "nothing is due while nobody can tell. Run it again when the book was kept for a day.");
    }

    private static async Task<(long Position, long Created)?> FindAsync(
        StoreLook look, string which, object?[] values, CancellationToken cancellation) => (await look.ReadAsync(
        session => session.QueryAsync(
            $"SELECT ordering, created FROM journal {which}", values, row => (row.Number(0), row.Number(1)),
            cancellation),
        cancellation)) is [var row] ? row : null;

    private static TimeSpan? TermOf(string text) =>
        text == "forever" ? null
        : text.Length > 1 && text[^1] is 'd' or 'y'
            && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= (text[^1] == 'y' ? 100 : 36_500)
            ? TimeSpan.FromDays(text[^1] == 'y' ? 365L * count : count)
            : throw new BackupException(
                $"\"{text}\" is not accepted; accepted is how long, in days or years, such as \"90d\" or \"2y\", or "
                + "\"forever\".");

    private sealed record RetentionFile(string? Default, IReadOnlyList<ClassInFile>? Classes);

    private sealed record ClassInFile(
        string? Name, string? Keep, string[]? Tool, string[]? Task, string[]? Tier, string[]? Source);
}

/// <summary>What was cut of a segment.</summary>
/// <param name="Stayed">Sessions of it that stay, with why; a few of them.</param>
public sealed record CutRun(long Sessions, long Rows, IReadOnlyList<(string Owner, string Why)> Stayed);

/// <summary>Says to the book what goes, and what is gone.</summary>
public interface IDisposalBook
{
    /// <summary>Has the event written that these rows go, and no other ones; it returns its position.</summary>
    Task<long> OrderAsync(ArchiveSegment segment, NamedRows rows, CancellationToken cancellation);

    /// <summary>Has the end written down of what went by an event.</summary>
    /// <param name="cut">The digest over the leaves of what is gone.</param>
    Task EndAsync(
        ArchiveSegment segment, long disposal, string cut, NamedRows rows, CancellationToken cancellation);
}

/// <summary>Sessions whose rows go in one go: as long as that takes nobody else writes.</summary>
/// <param name="Leaves">Of all their rows, session by session.</param>
public sealed record NamedPart(List<string> Owners, LeafList Leaves);

/// <summary>
/// The rows that an event names: all of some sessions of a segment, in its order. Whoever orders it makes them of the
/// archive, and the node of its own store; what they come to is the same, or nothing goes.
/// </summary>
public sealed class NamedRows
{
    private const int RowsOfPart = 300;

    private readonly Dictionary<string, IReadOnlyList<(long Position, byte[] Leaf)>> rows = [];
    private readonly List<bool> chosen = [];
    private LeafList? leaves;

    /// <summary>The sessions, by the owners of their keys.</summary>
    public IEnumerable<string> Sessions => Parts.SelectMany(part => part.Owners);

    public List<NamedPart> Parts { get; } = [];

    public long Rows => rows.Values.Sum(one => (long)one.Count);

    /// <summary>Of all rows, in order of position.</summary>
    public LeafList Leaves => leaves ??= LeafList.Of(
        [.. rows.Values.SelectMany(one => one).OrderBy(one => one.Position).SelectMany(one => one.Leaf)]);

    /// <summary>The SHA-256 of the leaves of each part, one after the other.</summary>
    public byte[] PartDigests => [.. Parts.SelectMany(part => SHA256.HashData(part.Leaves.Bytes.Span))];

    public string PartsSha256 => Convert.ToHexStringLower(SHA256.HashData(PartDigests));

    /// <summary>Which sessions of the segment they are: a bit for each, in Base64.</summary>
    public string Chosen
    {
        get
        {
            var bytes = new byte[(chosen.Count + 7) / 8];
            for (var at = 0; at < chosen.Count; at++)
            {
                bytes[at / 8] |= (byte)(chosen[at] ? 1 << (at % 8) : 0);
            }

            return Convert.ToBase64String(bytes);
        }
    }

    public IReadOnlyList<(long Position, byte[] Leaf)> RowsOf(string owner) => rows[owner];

    /// <summary>Whether an event names them, and no other.</summary>
    public bool Are(DisposedRows said) =>
        said.Rows == Rows && said.Leaves == Leaves.Digest() && said.Parts == PartsSha256;

    internal void Add(string owner, IReadOnlyList<(long Position, byte[] Leaf)> theirs)
    {
        if (Parts.Count == 0 || Parts[^1].Leaves.Count >= RowsOfPart)
        {
            Parts.Add(new NamedPart([], new LeafList()));
        }

        chosen.Add(true);
        rows.Add(owner, theirs);
        Parts[^1].Owners.Add(owner);
        foreach (var (_, leaf) in theirs)
        {
            Parts[^1].Leaves.Add(leaf);
        }
    }

    /// <summary>A session of the segment stays.</summary>
    internal void Pass() => chosen.Add(false);
}

/// <summary>The rows of a segment by their leaves, session by session.</summary>
public static class SegmentRows
{
    /// <summary>Of all its rows, in its order.</summary>
    public static LeafList LeavesOf(string directory, ArchiveSegment segment)
    {
        var list = new LeafList();
        foreach (var (_, leaf) in Sessions(directory, segment).SelectMany(one => one.Rows))
        {
            list.Add(leaf);
        }

        return list;
    }

    internal static IEnumerable<(string Owner, IReadOnlyList<(long Position, byte[] Leaf)> Rows)> Sessions(
        string directory, ArchiveSegment segment)
    {
        var (owner, theirs, batch) = ("", new List<(long, byte[])>(), new RowBatch());
        foreach (var values in ArchiveCheck.RowsOf(directory, segment))
        {
            var next = StreamNames.PayloadOwner((string)values[3]!);
            if (next != owner && theirs.Count > 0)
            {
                yield return (owner, theirs);
                theirs = [];
            }

            owner = next;
            batch.Clear();
            batch.AddJournalRow(values);
            ((byte[])values[9]!).CopyTo(batch.Salt(0));
            batch.Hash(null);
            theirs.Add(((long)values[0]!, batch.Leaf(0).ToArray()));
        }

        if (theirs.Count > 0)
        {
            yield return (owner, theirs);
        }
    }

    /// <summary>What an event named, as the archive has it.</summary>
    /// <exception cref="BackupException">The archive has other rows.</exception>
    internal static NamedRows Named(string directory, ArchiveSegment segment, DisposedRows said)
    {
        var (at, chosen) = (-1, Convert.FromBase64String(said.Sessions));
        var named = Named(
            directory, segment, _ => ++at / 8 < chosen.Length && (chosen[at / 8] & (1 << (at % 8))) != 0);
        return named.Are(said) ? named : throw new BackupException(
            $"The event at position {said.Position} names other rows than {said.Segment} has in {directory}: nothing "
            + "goes by it. audit archive verify says more.");
    }

    internal static NamedRows Named(string directory, ArchiveSegment segment, Func<string, bool> isMeant)
    {
        var named = new NamedRows();
        foreach (var (owner, theirs) in Sessions(directory, segment))
        {
            if (isMeant(owner))
            {
                named.Add(owner, theirs);
            }
            else
            {
                named.Pass();
            }
        }

        return named;
    }

    /// <summary>Of a session as the store has it.</summary>
    internal static IEnumerable<(long Position, byte[] Leaf)> LeavesOf(
        StoredSession session, EntryKeys entries, RowBatch batch)
    {
        foreach (var values in session.Rows)
        {
            batch.Clear();
            batch.AddJournalRow(values);
            batch.Hash(entries);
            yield return ((long)values[0]!, batch.Leaf(0).ToArray());
        }
    }
}
