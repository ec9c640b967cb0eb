namespace Audit.Lifecycle.Events;

/// <summary>The streams of the journal, by name.</summary>
public static class StreamNames
{
    /// <summary>Of the acts on tokens and sources, all in one stream, for nodes look into it often.</summary>
    public const string People = "operator|people";

    private const string CallPrefix = "tool-call|";
    private const string SessionPrefix = "session|";
    private const string WindowPrefix = "task-window|";

    public static string Call(string sessionId, string toolCallId) => $"{CallPrefix}{sessionId}|{toolCallId}";

    public static string Session(string sessionId) => SessionPrefix + sessionId;

    public static string Window(string windowId) => WindowPrefix + windowId;

    public static string Operator(DateTimeOffset day) => $"operator|{day.UtcDateTime:yyyy-MM-dd}";

    public static string Reader(string name, DateTimeOffset day) => $"reader|{name}|{day.UtcDateTime:yyyy-MM-dd}";

    /// <summary>A call's as the bytes that a key of the journal is made of.</summary>
    public static byte[] CallUtf8(string sessionId, string toolCallId)
    {
        var (session, call) = (Encoding.UTF8.GetByteCount(sessionId), Encoding.UTF8.GetByteCount(toolCallId));
        var name = new byte[CallPrefix.Length + session + 1 + call];
        Encoding.UTF8.GetBytes(CallPrefix, name);
        Encoding.UTF8.GetBytes(sessionId, name.AsSpan(CallPrefix.Length));
        name[CallPrefix.Length + session] = (byte)'|';
        Encoding.UTF8.GetBytes(toolCallId, name.AsSpan(CallPrefix.Length + session + 1));
        return name;
    }

    /// <summary>Whose key seals the content of a stream: its session's, or its own.</summary>
    public static string PayloadOwner(string stream)
    {
        var isCall = stream.StartsWith(CallPrefix, StringComparison.Ordinal);
        var bar = isCall ? stream.IndexOf('|', CallPrefix.Length) : -1;
        return bar < 0 ? stream : Session(stream[CallPrefix.Length..bar]);
    }

    /// <summary>Whose a call's or a session's stream is. A session's id holds no "|", a call's may.</summary>
    /// <param name="toolCallId">Empty for a session.</param>
    public static bool TrySplit(
        ReadOnlySpan<byte> stream, out ReadOnlySpan<byte> sessionId, out ReadOnlySpan<byte> toolCallId)
    {
        sessionId = toolCallId = default;
        if (stream.StartsWith("session|"u8))
        {
            sessionId = stream[SessionPrefix.Length..];
            return true;
        }

        var bar = stream.StartsWith("tool-call|"u8) ? stream[CallPrefix.Length..].IndexOf((byte)'|') : -1;
        if (bar < 0)
        {
            return false;
        }

        sessionId = stream.Slice(CallPrefix.Length, bar);
        toolCallId = stream[(CallPrefix.Length + bar + 1)..];
        return true;
    }
}
