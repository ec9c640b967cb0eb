using System.Security.Cryptography;
using Audit.Lifecycle.Records;

namespace Audit.Lifecycle.Events;

/// <summary>
/// The streams of the journal, by name. A call's and a session's begin with their source, so that nothing which another
/// source reports can ever lie in them.
/// </summary>
public static class StreamNames
{
    /// <summary>Of the acts on tokens and sources, all in one stream, for nodes look into it often.</summary>
    public const string People = "operator|people";

    /// <summary>Of the policies by which was decided.</summary>
    public const string Policies = "operator|policies";

    /// <summary>Of the stops of agents, sessions and sources.</summary>
    public const string Stops = "operator|stops";

    /// <summary>Of the keys with which the log is signed: every bundle has it whole.</summary>
    public const string LogKeys = "operator|log-keys";

    /// <summary>Of the keys with which receipts are signed.</summary>
    public const string ReceiptKeys = "operator|receipt-keys";

    /// <summary>Of backups, and of what else is done to keep the book.</summary>
    public const string Keeping = "operator|keeping";

    /// <summary>Of which cases there are.</summary>
    public const string Cases = "operator|cases";

    /// <summary>What the streams of cases begin with, each followed by its id.</summary>
    public const string CasePrefix = "operator|case|";

    /// <summary>Of the searches that are kept for everybody; what is kept for one has a stream behind it.</summary>
    public const string Views = "operator|views";

    /// <summary>What the streams begin with that say how much a session held, each followed by its session.</summary>
    public const string ContentsPrefix = "operator|contents|";

    /// <summary>What the streams of calls begin with.</summary>
    public const string CallPrefix = "call|";

    /// <summary>Longer names of sources are cut and end with a hash, for a stream's name has 255 bytes at most.</summary>
    private const int LongestSource = 24;
    private const int HashDigits = 8;

    private const string SessionPrefix = "notes|";
    private const string WindowPrefix = "task-window|";

    public static string Call(SessionName session, string toolCallId) =>
        $"{CallPrefix}{ShortSource(session.Source)}|{session.Id}|{toolCallId}";

    public static string Session(SessionName session) => SessionPrefix + Key(session);

    /// <summary>The session with its source before it, as it stands in the names of its streams.</summary>
    public static string Key(SessionName session) => $"{ShortSource(session.Source)}|{session.Id}";

    public static string Window(string windowId) => WindowPrefix + windowId;

    /// <summary>Where it is written down how much a session held.</summary>
    /// <param name="session">With its source before it, as <see cref="Key"/> gives it.</param>
    public static string Contents(string session) => ContentsPrefix + session;

    /// <summary>Of one case: who is given its bundle has it whole, and the key of its notes.</summary>
    public static string Case(string id) => CasePrefix + id;

    /// <summary>Of the searches that one person, or one token, keeps.</summary>
    public static string ViewsOf(string owner) =>
        $"{Views}|{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(owner)).AsSpan(0, 16))}";

    public static string Operator(DateTimeOffset day) => $"operator|{day.UtcDateTime:yyyy-MM-dd}";

    /// <summary>Of what the node asked persons on a day, for hosts that wait.</summary>
    public static string Questions(DateTimeOffset day) => $"operator|questions|{day.UtcDateTime:yyyy-MM-dd}";

    /// <summary>Of approvals of more calls than one, given and taken back on a day.</summary>
    public static string Approvals(DateTimeOffset day) => $"operator|approvals|{day.UtcDateTime:yyyy-MM-dd}";

    public static string Reader(string name, DateTimeOffset day) => $"reader|{name}|{day.UtcDateTime:yyyy-MM-dd}";

    /// <summary>Whether the stream is a call's, a session's or a window's.</summary>
    public static bool IsOfAgents(string stream) =>
        stream.StartsWith(CallPrefix, StringComparison.Ordinal)
        || stream.StartsWith(SessionPrefix, StringComparison.Ordinal)
        || stream.StartsWith(WindowPrefix, StringComparison.Ordinal);

    public static string WindowOf(string stream) => stream[WindowPrefix.Length..];

    /// <summary>A call's as the bytes that a key of the journal is made of.</summary>
    public static byte[] CallUtf8(SessionName session, string toolCallId)
    {
        var source = ShortSource(session.Source);
        var utf8 = Encoding.UTF8;
        var name = new byte[CallPrefix.Length + utf8.GetByteCount(source) + utf8.GetByteCount(session.Id)
            + utf8.GetByteCount(toolCallId) + 2];
        var length = utf8.GetBytes(CallPrefix, name);
        length += utf8.GetBytes(source, name.AsSpan(length));
        name[length++] = (byte)'|';
        length += utf8.GetBytes(session.Id, name.AsSpan(length));
        name[length++] = (byte)'|';
        utf8.GetBytes(toolCallId, name.AsSpan(length));
        return name;
    }

    /// <summary>Whose key seals the content of a stream: its session's, or its own.</summary>
    public static string PayloadOwner(string stream) =>
        stream.StartsWith(CallPrefix, StringComparison.Ordinal)
            && TrySplit(stream, CallPrefix, SessionPrefix, '|', out var session, out _, out _)
            ? $"{SessionPrefix}{session}"
            : stream.StartsWith(ContentsPrefix, StringComparison.Ordinal) ? ContentsPrefix : stream;

    /// <summary>The streams of a session's calls are from the first of these names until before the second.</summary>
    /// <param name="session">Its own stream.</param>
    public static (string From, string Until) CallsOf(string session)
    {
        var calls = $"{CallPrefix}{session[SessionPrefix.Length..]}";
        // "}" is what follows a "|".
        return ($"{calls}|", $"{calls}}}");
    }

    /// <summary>The session's id and the call's, which is empty for a session; false where there are none.</summary>
    public static bool TrySplit(string stream, out string sessionId, out string toolCallId)
    {
        var isSplit = TrySplit(stream, CallPrefix, SessionPrefix, '|', out _, out var id, out var call);
        (sessionId, toolCallId) = (id.ToString(), call.ToString());
        return isSplit;
    }

    /// <inheritdoc cref="TrySplit{T}"/>
    public static bool TrySplit(
        ReadOnlySpan<byte> stream, out ReadOnlySpan<byte> session, out ReadOnlySpan<byte> sessionId,
        out ReadOnlySpan<byte> toolCallId) =>
        TrySplit(stream, "call|"u8, "notes|"u8, (byte)'|', out session, out sessionId, out toolCallId);

    /// <summary>Whose a call's or a session's stream is. Neither source nor session hold a "|", a call may.</summary>
    /// <param name="session">With its source before it, which tells apart what has one id.</param>
    /// <param name="toolCallId">Empty for a session.</param>
    private static bool TrySplit<T>(
        ReadOnlySpan<T> stream, ReadOnlySpan<T> callPrefix, ReadOnlySpan<T> sessionPrefix, T bar,
        out ReadOnlySpan<T> session, out ReadOnlySpan<T> sessionId, out ReadOnlySpan<T> toolCallId)
        where T : IEquatable<T>
    {
        session = sessionId = toolCallId = default;
        var isNotes = stream.StartsWith(sessionPrefix);
        var names = isNotes ? stream[sessionPrefix.Length..]
            : stream.StartsWith(callPrefix) ? stream[callPrefix.Length..]
            : default;
        var source = names.IndexOf(bar);
        var end = source < 0 ? -1 : names[(source + 1)..].IndexOf(bar);
        if (source < 0 || (end < 0 && !isNotes))
        {
            return false;
        }

        session = isNotes ? names : names[..(source + 1 + end)];
        sessionId = session[(source + 1)..];
        toolCallId = isNotes ? default : names[(source + end + 2)..];
        return true;
    }

    private static string ShortSource(string source)
    {
        if (source.Length <= LongestSource && Encoding.UTF8.GetByteCount(source) <= LongestSource)
        {
            return source;
        }

        var utf8 = Encoding.UTF8.GetBytes(source);
        var end = LongestSource - HashDigits - 1;
        while ((utf8[end] & 0xC0) == 0x80)
        {
            end--;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(utf8).AsSpan(0, HashDigits / 2));
        return $"{Encoding.UTF8.GetString(utf8, 0, end)}~{hash}";
    }
}

/// <summary>Acts of the node itself by which others see when one ran.</summary>
public static class NodeActs
{
    public const string Started = "node.started";

    public const string Stopped = "node.stopped";
}

/// <summary>The acts of the diary of reads.</summary>
public static class ReadActs
{
    public const string Read = "read";

    /// <summary>A bundle or an export: the book is known elsewhere as it was then.</summary>
    public const string Copied = "copied";
}
