using System.Globalization;

namespace Audit.Pages.Shared;

/// <summary>Numbers, times and states as the pages say them.</summary>
public static class Say
{
    public static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture).Replace(',', '\u2009');

    /// <summary>A count with its noun.</summary>
    public static string Count(long number, string one, string? many = null) => $"{Number(number)} {(number == 1 ? one : many ?? one + "s")}";

    public static string Time(Timestamp time) => time.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>With milliseconds, where the order of things matters.</summary>
    public static string FineTime(Timestamp time) => time.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);

    /// <summary>A time as a machine reads it, and as the queries of pages take it.</summary>
    public static string Exact(Timestamp time) => time.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    public static string Duration(TimeSpan? span) => span switch
    {
        null => "–",
        { TotalMilliseconds: < 1000 } time => $"{time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)} ms",
        { TotalSeconds: < 60 } time => $"{time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s",
        { TotalHours: < 1 } time => $"{time.Minutes} min {time.Seconds} s",
        { TotalDays: < 1 } time => $"{time.Hours} h {time.Minutes} min",
        { } time => $"{(long)time.TotalDays} d {time.Hours} h",
    };

    public static string Name(CallState state) => Words.Of(state).Replace('_', ' ');

    public static string Name(MessageKind kind) => Words.Of(kind).Replace('_', ' ');

    public static string Name(WindowJudgement judgement) => judgement switch
    {
        WindowJudgement.InWindow => "in window",
        WindowJudgement.OutOfScope => "out of scope",
        WindowJudgement.OutsideWindow => "outside window",
        _ => "no task",
    };

    public static IReadOnlyList<string> Names(Anomalies anomalies) => [.. Words.Of(anomalies).Select(name => name.Replace('_', ' '))];

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
}
