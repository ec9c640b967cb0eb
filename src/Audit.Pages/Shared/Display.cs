using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Audit.Pages.Shared;

/// <summary>Numbers, times and states as the pages show them.</summary>
public static class Display
{
    public static string Number(long number) =>
        number.ToString("#,0", CultureInfo.InvariantCulture).Replace(',', '\u202f');

    /// <summary>A number that was counted no further than a limit.</summary>
    public static string Number(long number, long most) => number > most ? Number(most) + "+" : Number(number);

    /// <summary>A count with its noun.</summary>
    public static string Count(long number, string one) => $"{Number(number)} {one}{(number == 1 ? "" : "s")}";

    public static string Time(Timestamp time) => In("yyyy-MM-dd HH:mm:ss", time);

    /// <summary>With milliseconds, where the order of things matters.</summary>
    public static string FineTime(Timestamp time) => In("yyyy-MM-dd HH:mm:ss.fff", time);

    /// <summary>A time as a machine reads it, and as the queries of pages take it.</summary>
    public static string Exact(Timestamp time) => In("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", time);

    public static string Duration(TimeSpan? span) => span switch
    {
        null => "–",
        { TotalMilliseconds: < 1000 } time => FormattableString.Invariant($"{time.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 60 } time => FormattableString.Invariant($"{time.TotalSeconds:0.0} s"),
        { TotalHours: < 1, Seconds: 0 } time => $"{time.Minutes} min",
        { TotalHours: < 1 } time => $"{time.Minutes} min {time.Seconds} s",
        { TotalDays: < 1, Minutes: 0 } time => $"{time.Hours} h",
        { TotalDays: < 1 } time => $"{time.Hours} h {time.Minutes} min",
        { } time => $"{(long)time.TotalDays} d {time.Hours} h",
    };

    public static string Name(CallState state) => Words.Of(state).Replace('_', ' ');

    public static string Name(MessageKind kind) => Words.Of(kind).Replace('_', ' ');

    public static string Name(WindowJudgement judgement) => judgement switch
    {
        WindowJudgement.InWindow => "in window",
        WindowJudgement.WindowUnproven => "window unproven",
        WindowJudgement.OutOfScope => "out of scope",
        WindowJudgement.OutsideWindow => "outside window",
        _ => "no task",
    };

    /// <summary>A judgement with what it rests on.</summary>
    public static string Name(WindowJudgement judgement, WindowMarks marks, long lateByMs)
    {
        var notes = WireOf.Of(marks).Select(mark => mark.Replace('_', ' ')).ToList();
        if (lateByMs > 0)
        {
            notes.Add($"reported late by {Duration(TimeSpan.FromMilliseconds(lateByMs))}");
        }

        return notes.Count == 0 ? Name(judgement) : $"{Name(judgement)} ({string.Join(", ", notes)})";
    }

    /// <summary>What no page may show as one mark among others.</summary>
    public const Anomalies Grave = Anomalies.InputChangedAfterApproval | Anomalies.ApprovedByHostOnly
        | Anomalies.QuestionChanged;

    public static IEnumerable<string> Names(Anomalies anomalies) =>
        Words.Of(anomalies).Select(name => name.Replace('_', ' '));

    /// <summary>Of a call that came to its end and says that it failed.</summary>
    public const string FailedGlyph = "▼";

    /// <summary>A mark that differs in shape, for those who do not see the colour.</summary>
    public static string Glyph(CallState state) => state switch
    {
        CallState.Requested => "○",
        CallState.AwaitingConfirmation => "◔",
        CallState.Approved => "◐",
        CallState.Running => "▶",
        CallState.Completed => "●",
        CallState.Blocked => "✕",
        CallState.Cached => "◆",
        CallState.Replayed => "↺",
        CallState.Invalidated => "⊘",
        CallState.Cancelled => "■",
        CallState.PersistenceFailed => "!",
        _ => "·",
    };

    private static string In(string format, Timestamp time) =>
        time.ToDateTimeOffset().ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>SVG's element `text`, which the components' language has another meaning for.</summary>
public sealed class Label : ComponentBase
{
    [Parameter(CaptureUnmatchedValues = true)]
    public IReadOnlyDictionary<string, object>? Attributes { get; set; }

    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, "text");
        builder.AddMultipleAttributes(1, Attributes);
        builder.AddContent(2, ChildContent);
        builder.CloseElement();
    }
}
