using System.Net;
using System.Runtime.CompilerServices;
using Audit.Api.Reading;

namespace Audit.Api.Cases;

/// <summary>HTML in the making: what stands in the text is markup, and whatever is put into it is escaped.</summary>
[InterpolatedStringHandler]
internal readonly struct Markup(int literalLength, int formattedCount)
{
    private const int MostText = CaseBook.LongestNote;

    private readonly StringBuilder html = new(literalLength + (32 * formattedCount));

    public static Markup None => new(0, 0);

    public void AppendLiteral(string markup) => html.Append(markup);

    /// <summary>Text from elsewhere; what cannot be seen in it, or would turn the line around, is named.</summary>
    public void AppendFormatted(string? text) => html.Append(WebUtility.HtmlEncode(VisibleText.Of(text, MostText)));

    public void AppendFormatted(long number) => html.Append(number);

    public void AppendFormatted(Timestamp time) => AppendFormatted(
        time.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));

    public void AppendFormatted(Markup inner) => html.Append(inner.html);

    public void AppendFormatted(IEnumerable<Markup> inner)
    {
        foreach (var one in inner)
        {
            html.Append(one.html);
        }
    }

    public override string ToString() => html.ToString();
}

/// <summary>
/// A case as one page that needs nothing else: what it comes to first, then what each pin rests on, and who did what
/// with the case. How calls stand to windows that are not pinned is as the node had it: the bundle lacks those rows.
/// </summary>
/// <param name="log">The log's name, by which who has its key knows it; null before anything is sealed.</param>
internal sealed class CaseReport(CaseFile file, IReadOnlyList<PinLook> looks, string? log, string by, Timestamp at)
{
    /// <summary>Of a window or a search; the bundle has the rows of all that were looked at.</summary>
    private const int MostCalls = 200;

    private static readonly string[] CallHeads =
    [
        "First at", "Tool", "State", "Command", "Agent", "Decided by", "Window", "Violations", "Call", "Session",
    ];

    private static readonly string[] MessageHeads = ["At", "Position", "Message", "From", "To", "Token", "Says"];

    private const string Style = """
        :root{color-scheme:light dark;--line:#8884;--bad:#b3261e;--soft:#8881}
        @media(prefers-color-scheme:dark){:root{--bad:#ff8a80}}
        body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem}
        h1,h2,h3{line-height:1.25;overflow-wrap:anywhere}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
        .bad{color:var(--bad);font-weight:600}.meta,caption{opacity:.75;text-align:left}
        .found>li{margin:.6rem 0}.scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:.9rem}td:first-child{white-space:nowrap}
        th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top}
        code,.id{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
        .note{background:var(--soft);border-left:3px solid var(--line);margin:.5rem 0;padding:.4rem .8rem}
        @media print{.scroll{overflow:visible}body{max-width:none}}
        """;

    public byte[] ToHtml() => Encoding.UTF8.GetBytes(Page().ToString());

    private Markup Page() => M($"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{file.Title} · case</title>
        <style>{Raw(Style)}</style>
        </head>
        <body>
        <header>
        <h1>{file.Title}</h1>
        <p class="meta">Case <span class="id">{file.Id}</span>, {file.State}, opened by {file.Opening.By} at
        {file.Opening.At}; exported by {by} at {at}. All times are UTC.</p>
        </header>
        <main>
        <section><h2>What was found</h2>{Found()}</section>
        {Notes()}
        {looks.Select(Pin)}
        <section><h2>What was done with the case</h2>{History()}</section>
        <section><h2>How to check this</h2>
        <p>This page lies in a bundle with the rows of the book that it is about, their proofs and the signed
        checkpoint of the log <span class="id">{log ?? "–"}</span>. Its own hash is in a row of that log, so that the
        page is checked with them:</p>
        <p><code>audit verify --bundle FILE.zip --key "the key that you were given"</code></p>
        <p>README.txt beside it says how that is done without this program. Position N of this page is the line of
        rows.ndjson with "position":N.</p></section>
        </main>
        </body>
        </html>

        """);

    private Markup Found() => looks.Count == 0
        ? M($"<p>Nothing is pinned to it.</p>")
        : M($"<ol class=\"found\">{looks.Select(Found)}</ol>");

    private static Markup Found(PinLook look) =>
        M($"<li><b>{look.Name}</b><br>{Verdict(look)}{Note(look.Pin.Note)}</li>");

    private static Markup Verdict(PinLook look) => look.Sentence is not { } sentence
        ? M($"<span class=\"bad\">The book has nothing of the kind.</span>")
        : M($"{sentence.Clauses.Select((clause, index) => Verdict(clause, index == sentence.Clauses.Count - 1))}");

    private static Markup Verdict(Clause clause, bool isLast) =>
        M($"<span class=\"{(clause.IsGrave ? "bad" : "")}\">{clause.Plain}</span>{(isLast ? "." : "; ")}");

    private Markup Notes()
    {
        var notes = file.History.Where(act => act.Act == CaseFile.Noted).ToList();
        return notes.Count == 0 ? Markup.None : M($"<section><h2>Notes</h2>{notes.Select(Said)}</section>");
    }

    private static Markup Said(CaseAct note) =>
        M($"<p class=\"meta\">{note.By}, {note.At}, position {note.Position}</p>{Note(note.Text)}");

    private static Markup Note(string? text) => text is null ? Markup.None
        : M($"<div class=\"note\">{Lines(text)}</div>");

    private static IEnumerable<Markup> Lines(string text) => text.Split('\n').Select((line, index) =>
        M($"{Raw(index == 0 ? "" : "<br>")}{line}"));

    private Markup Pin(PinLook look) => M($"""
        <section><h2>{look.Name}</h2>
        <p class="meta">Pinned by {look.Pin.By} at {look.Pin.At}, pin {look.Pin.Number}.{Through(look.Pin)}</p>
        <p>{Verdict(look)}</p>
        {(look.Call is { } call ? Call(call) : Calls(look))}
        </section>
        """);

    private static Markup Through(CasePin pin) => pin.Through is not { } through ? Markup.None
        : M($" The book had it up to position {through} then.");

    private static Markup Call(CallView view)
    {
        var call = view.Call;
        (string Name, string? Value)[] facts =
        [
            ("Tool", call.Tool), ("Call", call.CallId), ("Session", call.SessionId), ("Source", call.Source),
            ("Agent", call.Agent), ("Task", call.Task), ("State", call.IsFailed ? "failed" : Words.Of(call.State)),
            ("Command", call.Command), ("Decided by", call.DecidedBy), ("Reported decision", call.ClaimedBy),
            ("Window", WireOf.Of(call.Judgement)),
        ];
        return M($"""
            {Table("What it is", [], facts.Select(one => Cells(one.Name, one.Value ?? "–")))}
            {Table("Its messages", MessageHeads, view.Transitions.Select(Message))}
            """);
    }

    private static Markup Message(TransitionModel message)
    {
        var refused = message is { Cause: not ViolationCause.None, Lifted: false };
        var says = Joined(
            ", ", refused ? $"refused: {Words.Of(message.Cause)}" : message.Lifted ? "violation, lifted since" : null,
            ReviewOf(message.Review), message.Remark);
        return Row(
            message.At, Text(message.Position), Words.Of(message.Message), Words.Of(message.From),
            refused ? "–" : Words.Of(message.To), message.Token, says);
    }

    private static string? ReviewOf(ReviewModel? review) => review switch
    {
        null or { State: ReviewState.None } => null,
        { By: { } who } => $"reviewed by {who} ({Words.Of(review.Finding).Replace('_', ' ')}): {review.Reason}",
        _ => review.Waits ? "waits for review" : WireOf.Of(review.State),
    };

    private static Markup Calls(PinLook look)
    {
        if (look.Calls.Count == 0)
        {
            return look.IsCut ? Markup.None : M($"<p>It has no calls.</p>");
        }

        var rest = look.Calls.Count - MostCalls;
        return M($"""
            {Table("Its calls", CallHeads, look.Calls.OrderBy(call => call.FirstAt).Take(MostCalls).Select(Row))}
            {(rest > 0 ? M($"<p>{rest} further calls are in the rows of the bundle.</p>") : Markup.None)}
            {(look.IsCut ? M($"<p class=\"bad\">There are more than were looked at.</p>") : Markup.None)}
            """);
    }

    private static Markup Row(CallModel call) => Row(
        call.FirstAt, call.Tool, call.IsFailed ? "failed" : Words.Of(call.State), call.Command, call.Agent,
        call.DecidedBy ?? call.ClaimedBy, WireOf.Of(call.Judgement).Replace('_', ' '),
        call.Violations == 0 ? null : Text(call.Violations), call.CallId, call.SessionId);

    private Markup History() => Table(
        "Acts, the oldest first", ["At", "Position", "Act", "By", "Says"],
        file.History.Select(act => Row(
            act.At, Text(act.Position), act.Act, act.By,
            Joined(" ", act.Pin is { } pin ? $"pin {pin}" : null, act.Text?.Replace('\n', ' '), act.Sha256))));

    private static string Joined(string between, params string?[] texts) =>
        string.Join(between, texts.Where(text => text is not null));

    private static Markup Table(string caption, string[] heads, IEnumerable<Markup> rows) => M($"""
        <div class="scroll"><table><caption>{caption}</caption>
        <thead><tr>{heads.Select(head => M($"<th scope=\"col\">{head}</th>"))}</tr></thead>
        <tbody>{rows}</tbody></table></div>
        """);

    private static Markup Cells(params string?[] cells) => M($"<tr>{cells.Select(Cell)}</tr>");

    private static Markup Row(Timestamp at, params string?[] cells) =>
        M($"<tr><td>{at}</td>{cells.Select(Cell)}</tr>");

    private static Markup Cell(string? text) => M($"<td>{text}</td>");

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static Markup M(Markup markup) => markup;

    /// <summary>Markup that stands in this program.</summary>
    private static Markup Raw(string markup)
    {
        var raw = Markup.None;
        raw.AppendLiteral(markup);
        return raw;
    }
}
