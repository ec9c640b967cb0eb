using System.Security.Cryptography;
using Audit.Integrity.Entries;
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

    /// <summary>Nothing is due by any rule that was recorded later.</summary>
    public DateTimeOffset DueBefore(DateTimeOffset now) =>
        Classes.Min(one => one.Keep) is { } shortest ? now - shortest : DateTimeOffset.MinValue;

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
