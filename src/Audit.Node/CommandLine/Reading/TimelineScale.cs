namespace Audit.Node.CommandLine.Reading;

/// <summary>Where in a lane of text the times of a call lie.</summary>
internal sealed class TimelineScale
{
    public const char Waiting = '░', Running = '█', Moment = '|', Open = '>';

    private readonly DateTimeOffset from;
    private readonly double ticksPerCell;
    private readonly int width;

    private TimelineScale(DateTimeOffset from, DateTimeOffset until, int width)
    {
        (this.from, this.width) = (from, width);
        ticksPerCell = Math.Max(1, (until - from).Ticks / (double)width);
    }

    public static TimelineScale Of(IReadOnlyList<CallAnswer> calls, int width)
    {
        var from = calls.Min(call => Cells.Time(call.FirstAt)) ?? DateTimeOffset.UnixEpoch;
        var until = calls.Max(call => Cells.Time(call.LastAt)) ?? from;
        return new TimelineScale(from, until, width);
    }

    /// <summary>A lane: waiting from the question to the decision, running up to the end.</summary>
    public string Bar(CallAnswer call)
    {
        var lane = new char[width];
        Array.Fill(lane, ' ');
        var (first, last) = (Cells.Time(call.FirstAt) ?? from, Cells.Time(call.LastAt) ?? from);
        var asked = Cells.Time(call.AskedAt);
        if (asked is { } question)
        {
            Fill(lane, question, Cells.Time(call.DecidedAt) ?? last, Waiting);
        }

        var ended = Cells.Time(call.SettledAt) ?? last;
        var started = Cells.Time(call.StartedAt)
            ?? (call.RanMs is > 0 and var ran ? ended.AddMilliseconds(-ran) : null);
        if (started is { } begin)
        {
            Fill(lane, begin, ended, Running);
        }
        else if (asked is null)
        {
            lane[CellOf(first)] = Moment;
        }

        if (call.State is "requested" or "awaiting_confirmation" or "approved" or "running")
        {
            lane[^1] = Open;
        }

        return new string(lane);
    }

    private void Fill(char[] lane, DateTimeOffset begin, DateTimeOffset end, char with) =>
        Array.Fill(lane, with, CellOf(begin), Math.Max(1, CellOf(end) - CellOf(begin) + 1));

    private int CellOf(DateTimeOffset time) => Math.Clamp((int)((time - from).Ticks / ticksPerCell), 0, width - 1);
}
