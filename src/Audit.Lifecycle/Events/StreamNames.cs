namespace Audit.Lifecycle.Events;

/// <summary>The streams of the journal, by name.</summary>
public static class StreamNames
{
    private const string CallPrefix = "tool-call|";
    private const string SessionPrefix = "session|";
    private const string WindowPrefix = "task-window|";

    public static string Call(string sessionId, string toolCallId) => $"{CallPrefix}{sessionId}|{toolCallId}";

    public static string Session(string sessionId) => SessionPrefix + sessionId;

    public static string Window(string windowId) => WindowPrefix + windowId;

    public static string Operator(DateTimeOffset day) => $"operator|{day.UtcDateTime:yyyy-MM-dd}";

    public static string Reader(string name, DateTimeOffset day) => $"reader|{name}|{day.UtcDateTime:yyyy-MM-dd}";
}
