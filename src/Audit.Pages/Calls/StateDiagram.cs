namespace Audit.Pages.Calls;

/// <summary>Where the states lie in the drawing, and the way that a call took through them.</summary>
public static class StateDiagram
{
    public const int BoxWidth = 124, BoxHeight = 24;

    /// <summary>The height of the boxes in the middle, which a line that passes them has to go around.</summary>
    private const int Row = 132;
    private const int NextColumn = 200;

    private static readonly Dictionary<CallState, (int X, int Y)> Places = new()
    {
        [CallState.None] = (36, 132), [CallState.Requested] = (152, 132),
        [CallState.AwaitingConfirmation] = (318, 60), [CallState.Approved] = (318, 132),
        [CallState.Running] = (490, 132), [CallState.Completed] = (690, 24),
        [CallState.Cached] = (690, 62), [CallState.Replayed] = (690, 100),
        [CallState.Blocked] = (690, 138), [CallState.Cancelled] = (690, 176),
        [CallState.Invalidated] = (690, 214), [CallState.PersistenceFailed] = (490, 214),
    };

    /// <summary>The ways that calls take most often, drawn faintly so that a path is seen against them.</summary>
    public static readonly IReadOnlyList<(CallState From, CallState To)> Usual =
    [
        (CallState.None, CallState.Requested), (CallState.Requested, CallState.AwaitingConfirmation),
        (CallState.Requested, CallState.Approved), (CallState.AwaitingConfirmation, CallState.Approved),
        (CallState.Approved, CallState.Running), (CallState.Running, CallState.Completed),
        (CallState.AwaitingConfirmation, CallState.Blocked), (CallState.Running, CallState.PersistenceFailed),
        (CallState.Running, CallState.Cancelled),
    ];

    public static IEnumerable<(CallState State, int X, int Y)> Boxes =>
        Places.Select(place => (place.Key, place.Value.X, place.Value.Y));

    public static int WidthOf(CallState state) => state == CallState.None ? 52 : BoxWidth;

    /// <summary>The moves that the call made, with the numbers of the steps that made them.</summary>
    public static IReadOnlyList<(CallState From, CallState To, string Steps)> PathOf(
        IEnumerable<TransitionModel> transitions) =>
    [
        .. transitions.Where(message => message.Cause == ViolationCause.None || message.Lifted)
            .GroupBy(message => (message.From, message.To))
            .Select(move => (move.Key.From, move.Key.To, Numbers([.. move.Select(message => message.Sequence)]))),
    ];

    /// <summary>The messages that were refused, by the state that took them not.</summary>
    public static IReadOnlyDictionary<CallState, int> RefusedAt(IEnumerable<TransitionModel> transitions) =>
        transitions.Where(message => message.Cause != ViolationCause.None && !message.Lifted)
            .GroupBy(message => message.From).ToDictionary(refused => refused.Key, refused => refused.Count());

    /// <summary>A line from one box to another, and where its number stands.</summary>
    public static (string Path, int X, int Y) Line(CallState from, CallState to)
    {
        var ((x, y), (toX, toY)) = (Places[from], Places[to]);
        if (from == to)
        {
            var right = x + (WidthOf(from) / 2);
            return ($"M{right - 16} {y - 12}c4 -16 24 -16 16 4", right + 6, y - 16);
        }

        var half = BoxHeight / 2;
        if (x == toX)
        {
            // Boxes in one column: neighbours by a straight line, others around them.
            var (down, side) = (toY > y, x + (BoxWidth / 2));
            return Math.Abs(toY - y) <= 80 && x < 690
                ? ($"M{x} {y + (down ? half : -half)}L{toX} {toY - (down ? half : -half)}", x + 10, (y + toY) / 2)
                : ($"M{side} {y}C{side + 44} {y} {side + 44} {toY} {side} {toY}", side + 40, (y + toY) / 2);
        }

        if (y == Row && toX - x > NextColumn)
        {
            return Around(x, toX, toY);
        }

        var (start, end) = toX > x
            ? (x + (WidthOf(from) / 2), toX - (WidthOf(to) / 2))
            : (x - (WidthOf(from) / 2), toX + (WidthOf(to) / 2));
        // A long way keeps to its height until it is past the boxes between.
        var bend = end - (Math.Sign(end - start) * Math.Min(50, Math.Abs(end - start) / 2));
        var straight = Math.Abs(end - start) > 150 ? $"L{end - (Math.Sign(end - start) * 80)} {y}" : "";
        var labelY = (straight.Length > 0 ? y : (y + toY) / 2) - 4;
        return ($"M{start} {y}{straight}C{bend} {y} {bend} {toY} {end} {toY}", (start + end) / 2, labelY);
    }

    private static string Numbers(IReadOnlyList<long> sequences) =>
        string.Join(" ", sequences.Take(4)) + (sequences.Count > 4 ? "…" : "");

    /// <summary>Above the row, or below it where the way leads down.</summary>
    private static (string Path, int X, int Y) Around(int x, int toX, int toY)
    {
        var up = toY > Row ? 1 : -1;
        var startY = Row + (up * BoxHeight / 2);
        var (endX, endY) = toY == Row ? (toX, startY) : (toX - (BoxWidth / 2), toY);
        var (bendX, bendY) = toY == Row ? (toX, startY + (up * 70)) : (endX - 80, toY);
        var turnY = startY + (up * 50);
        return (
            $"M{x} {startY}C{x} {turnY} {bendX} {bendY} {endX} {endY}",
            (x + (3 * x) + (3 * bendX) + endX) / 8, ((startY + (3 * turnY) + (3 * bendY) + endY) / 8) - 4);
    }
}
