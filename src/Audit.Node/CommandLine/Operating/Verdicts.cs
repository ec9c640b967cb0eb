using System.Text.Encodings.Web;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>A verdict for a person, in its two parts.</summary>
internal static class VerdictText
{
    public static void Write(TextWriter to, VerificationResult verdict)
    {
        foreach (var line in Lines(verdict.Integrity).Concat(Lines(verdict.Completeness)))
        {
            to.WriteLine(PrintableText.Of(line));
        }
    }

    private static IEnumerable<string> Lines(IntegrityVerdict integrity)
    {
        yield return integrity switch
        {
            { IsIntact: true, Origin: null, Rows: 0 } => "integrity     not shown: there are no rows and no log",
            { IsIntact: true, Origin: null } => "integrity     not shown: there is no log over the rows",
            { IsIntact: true, KeyTrust: KeyTrust.Enclosed } =>
                "integrity     consistent, but the key is the bundle's own: give --key",
            { IsIntact: true } => "integrity     intact",
            { FirstBadPosition: { } position } => $"integrity     FAILED, first at position {position}",
            _ => "integrity     FAILED",
        };
        foreach (var fault in integrity.Faults)
        {
            yield return $"  !           {fault.Sentence}";
        }

        if (integrity.Origin is { } origin)
        {
            yield return $"  log         {origin}";
        }

        if (integrity.Key is { } key)
        {
            yield return $"  key         {key}";
            yield return $"              {SourceOf(integrity.KeyTrust)}";
        }

        if (integrity.Root is { } root)
        {
            yield return $"  checkpoint  {integrity.Size} entries, root {Convert.ToBase64String(root)}"
                + SignedAt(integrity);
        }

        yield return $"  rows        {integrity.Rows} read, {integrity.UnsealedRows} of them not sealed yet";
        if (integrity.ForeignRows > 0)
        {
            yield return $"  foreign     {integrity.ForeignRows} rows were written by another serializer";
        }

        if (integrity.EntriesOnly > 0)
        {
            yield return $"  entries     of {integrity.EntriesOnly} rows there is the entry alone";
        }

        if (integrity.Contents is { } contents)
        {
            yield return $"  contents    {contents.Opened} opened with the bundle's keys, and {contents.Compared} records "
                + $"compared with their heads; of {contents.WithoutKey} it brings no key"
                + (contents.Closed == 0 ? "" : $", and {contents.Closed} nobody can open any more");
        }

        if (integrity.ReportedAt is { } reported)
        {
            yield return $"  report      the page for people is the one of which position {reported} has the hash";
        }

        // An erasure may be of thousands of calls.
        foreach (var erased in integrity.Erased.GroupBy(one => one.IsCall ? (one.Id, one.Owner) : (one.Id, one.What)))
        {
            var (first, calls) = (erased.First(), erased.Count());
            yield return $"  erased      {(calls == 1 ? first.What : $"{calls} calls of {first.Owner}")}: "
                + $"the content of {erased.Sum(one => one.Rows)} rows, by {first.AskedBy} and {first.ConfirmedBy} on "
                + TimeOf(first.At);
        }

        foreach (var cut in integrity.Cut)
        {
            yield return $"  archived    {cut.Cut} of the {cut.Rows} rows of {cut.Segment}, cut on {TimeOf(cut.At)} by "
                + $"the rules {cut.Version[..Math.Min(12, cut.Version.Length)]} of {cut.AdoptedBy} and "
                + $"{cut.ConfirmedBy}; digest {cut.Sha256}"
                + (cut.IsDone ? "" : "; its end is not written down yet: audit keep run goes on with it");
        }

        foreach (var session in integrity.Sessions)
        {
            yield return $"  session     {session.Session}: " + (session.CompleteThrough is { } through
                ? $"complete up to position {through}, as it was sealed then: {session.SealedRows} rows in "
                    + $"{session.Calls} calls"
                : "nothing that was sealed says how much it held: rows may be missing")
                + (session.EntriesOnly == 0 ? "" : $"; of {session.EntriesOnly} rows there is the entry alone")
                + (session.Cut == 0 ? "" : $"; {session.Cut} rows were cut, and are in an archive");
        }

        if (integrity is { IsPart: true, Sessions.Count: 0 })
        {
            yield return "  sessions    the bundle has a part of the book and does not say how much its sessions held";
        }

        if (integrity.Receipts > 0)
        {
            yield return $"  receipts    {integrity.Receipts} compared with what is there";
        }

        if (integrity.UnprovenRows > 0)
        {
            yield return $"  unproven    {integrity.UnprovenRows} rows, the first at position "
                + $"{integrity.FirstUnproven}: no node of the store can have written them";
        }

        foreach (var rotation in integrity.Rotations)
        {
            yield return $"  new key     {rotation.NewKey} took the place of {rotation.OldKey} on "
                + $"{TimeOf(rotation.At)} by {rotation.By}: {rotation.Reason}";
            yield return rotation.IsWitnessed
                ? "              the witnesses cosigned the log with it"
                : "              UNPROVEN: no quorum of witnesses cosigned it, so that the old key alone stands for it";
            if (!rotation.OldKeySigns)
            {
                yield return "              the old key does not sign any more, though its 30 days are not over";
            }
        }

        foreach (var restart in integrity.Restarts)
        {
            yield return $"  restart     log {restart.Number} took the place of "
                + $"{restart.OldOrigin ?? "one that is not known"} on {TimeOf(restart.At)} by {restart.By ?? "?"}: "
                + (restart.Reason ?? "?");
            yield return $"              {EndOf(restart)}";
            foreach (var line in restart.Verdict?.Split('\n') ?? [])
            {
                yield return $"              found then: {line}";
            }
        }

        if (integrity.ContinuesSize is { } size)
        {
            yield return $"  since       it continues the checkpoint of {size} entries";
        }
    }

    private static IEnumerable<string> Lines(CompletenessVerdict completeness)
    {
        yield return completeness.IsComplete
            ? "completeness  nothing is known to be missing"
            : "completeness  INCOMPLETE";
        yield return $"  numbers     {completeness.MissingNumbers} missing in "
            + $"{completeness.NumberedSessions} numbered sessions";
        foreach (var gap in completeness.Gaps)
        {
            yield return $"  !           session {gap.SessionId} of {gap.Source}: {Numbers(gap)} of the token {gap.Token}";
        }

        if (completeness.DroppedNumbers > 0)
        {
            yield return $"  dropped     {completeness.DroppedNumbers} numbers came and are not remembered: "
                + "a gap may name some of them";
        }

        yield return $"  calls       {completeness.OpenCallCount} open in {completeness.EndedSessions} ended sessions";
        foreach (var call in completeness.OpenCalls)
        {
            yield return $"  !           session {call.SessionId} of {call.Source}: call {call.ToolCallId} is {call.State} "
                + $"since position {call.Position}";
        }

        if (completeness.UnreadableEvents > 0)
        {
            yield return $"  !           {completeness.UnreadableEvents} events cannot be read";
        }

        if (completeness.Floods > 0)
        {
            yield return $"  floods      {completeness.Floods} notices: "
                + "messages of those calls were counted and not kept";
        }

        if (completeness.IsPartial)
        {
            yield return "  partial     there are more sessions or calls than are followed";
        }
    }

    private static string Numbers(SequenceGap gap) =>
        gap.First == gap.Last ? $"{gap.First}" : $"{gap.First} to {gap.Last}";

    private static string TimeOf(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string EndOf(RestartReport restart) =>
        restart.Wrong is null ? $"all its {restart.OldSize} entries are those of the rows"
        : restart.IsAccepted ? $"accepted, though {restart.Wrong}"
        : restart.Wrong;

    private static string SignedAt(IntegrityVerdict integrity) =>
        integrity.SignedAt is { Ticks: > 0 } at ? $", signed {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}" : "";

    private static string SourceOf(KeyTrust trust) => trust switch
    {
        KeyTrust.Given => "as it was given",
        KeyTrust.DataDirectory => "from the data directory of the node",
        _ => "enclosed in what was verified: compare it with one that you had from elsewhere, or give that by --key",
    };
}

/// <summary>A verdict for a program, as one line of JSON.</summary>
internal static class VerdictJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static string Of(VerificationResult verdict) =>
        JsonSerializer.Serialize(new { Integrity = Of(verdict.Integrity), verdict.Completeness }, Options);

    private static object Of(IntegrityVerdict integrity) => new
    {
        IsIntact = integrity is { IsIntact: true, Origin: not null },
        integrity.FirstBadPosition,
        integrity.Faults,
        integrity.Origin,
        Key = integrity.Key?.ToString(),
        integrity.KeyTrust,
        integrity.Size,
        integrity.Root,
        integrity.SignedAt,
        integrity.Rows,
        integrity.UnsealedRows,
        integrity.ForeignRows,
        integrity.UnprovenRows,
        integrity.FirstUnproven,
        integrity.EntriesOnly,
        integrity.Cut,
        integrity.Receipts,
        integrity.IsPart,
        integrity.Sessions,
        integrity.Contents,
        integrity.ReportedAt,
        integrity.Erased,
        integrity.Rotations,
        integrity.Restarts,
        integrity.ContinuesSize,
    };
}
