namespace Audit.Projections.Facts;

/// <summary>What the name of a stream says: the one place where every kind of event names what it belongs to.</summary>
internal static class StreamParts
{
    private const string Call = "tool-call|";
    private const string Session = "session|";
    private const string Window = "task-window|";

    public static bool IsOurs(string stream) =>
        stream.StartsWith(Call, StringComparison.Ordinal)
        || stream.StartsWith(Session, StringComparison.Ordinal)
        || stream.StartsWith(Window, StringComparison.Ordinal);

    public static void Split(string stream, EventFacts facts)
    {
        if (facts.Kind == EventKind.Window)
        {
            return;
        }

        if (facts.Kind == EventKind.Noted)
        {
            facts.SessionId = stream[Session.Length..];
            return;
        }

        // A session id holds no "|", a call id may.
        var end = stream.IndexOf('|', Call.Length);
        if (end < 0)
        {
            throw new InvalidDataException($"its stream \"{stream}\" names no call");
        }

        facts.SessionId = stream[Call.Length..end];
        facts.CallId = stream[(end + 1)..];
    }

    public static string WindowOf(string stream) => stream[Window.Length..];
}
