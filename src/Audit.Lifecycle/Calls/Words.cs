using System.Runtime.CompilerServices;

namespace Audit.Lifecycle.Calls;

/// <summary>The names of the wire for the law's own enumerations.</summary>
public static class Words
{
    /// <summary>The channel of what is sent as a record.</summary>
    public const string RecordsChannel = "records";

    private static readonly string[] Kinds = NamesOf<MessageKind>();
    private static readonly string[] States = NamesOf<CallState>();
    private static readonly byte[][] KindWords = Utf8(Kinds);
    private static readonly byte[][] StateWords = Utf8(States);
    private static readonly byte[][] CauseWords = Utf8(NamesOf<ViolationCause>());
    private static readonly (Anomalies Flag, string Name, byte[] Word)[] AnomalyNames =
    [
        .. Enum.GetValues<Anomalies>().Where(flag => flag != Anomalies.None)
            .Select(flag => (flag, Name: SnakeCase(flag.ToString())))
            .Select(pair => (pair.flag, pair.Name, Encoding.UTF8.GetBytes(pair.Name))),
    ];

    public static IReadOnlyList<string> AllKinds => Kinds;

    public static IReadOnlyList<string> AllStates => States;

    public static string Of(MessageKind kind) => Kinds[(int)kind];

    public static string Of(CallState state) => States[(int)state];

    public static string Of(ViolationCause cause) => SnakeCase(cause.ToString());

    public static string Of(ReviewFinding finding) => SnakeCase(finding.ToString());

    /// <summary>The finding of a review, as its event has it: where nothing stands, it was acknowledged.</summary>
    public static ReviewFinding FindingOf(string? word) =>
        Enum.GetValues<ReviewFinding>().FirstOrDefault(finding => Of(finding) == word);

    public static IEnumerable<string> Of(Anomalies anomalies)
    {
        foreach (var (flag, name, _) in AnomalyNames)
        {
            if ((anomalies & flag) != 0)
            {
                yield return name;
            }
        }
    }

    public static IEnumerable<string> Of(SaidFields fields) => Enum.GetValues<SaidFields>()
        .Where(field => field != SaidFields.None && (fields & field) != 0).Select(field => SnakeCase(field.ToString()));

    public static SaidFields SaidFieldsNamed(IEnumerable<string> names) => names.Aggregate(
        SaidFields.None, (fields, name) => Enum.TryParse<SaidFields>(name, ignoreCase: true, out var field)
            ? fields | field
            : fields);

    public static bool TryState(string name, out CallState state) => TryState(Encoding.UTF8.GetBytes(name), out state);

    public static bool TryState(ReadOnlySpan<byte> name, out CallState state) => Try(StateWords, name, out state);

    public static bool TryKind(string name, out MessageKind kind) => TryKind(Encoding.UTF8.GetBytes(name), out kind);

    public static bool TryKind(ReadOnlySpan<byte> name, out MessageKind kind) => Try(KindWords, name, out kind);

    public static bool TryCause(ReadOnlySpan<byte> name, out ViolationCause cause) => Try(CauseWords, name, out cause);

    /// <summary>A name that a newer program wrote counts for nothing here.</summary>
    public static Anomalies AnomalyNamed(string name) => AnomalyNamed(Encoding.UTF8.GetBytes(name));

    public static Anomalies AnomalyNamed(ReadOnlySpan<byte> name)
    {
        foreach (var (flag, _, word) in AnomalyNames)
        {
            if (name.SequenceEqual(word))
            {
                return flag;
            }
        }

        return Anomalies.None;
    }

    private static bool Try<T>(byte[][] words, ReadOnlySpan<byte> name, out T value) where T : struct, Enum
    {
        for (byte index = 0; index < words.Length; index++)
        {
            if (name.SequenceEqual(words[index]))
            {
                value = Unsafe.BitCast<byte, T>(index);
                return true;
            }
        }

        value = default;
        return false;
    }

    public static string SnakeCase(string name) =>
        string.Concat(name.Select((letter, index) =>
            char.IsUpper(letter) ? (index > 0 ? "_" : "") + char.ToLowerInvariant(letter) : letter.ToString()));

    private static byte[][] Utf8(string[] names) => [.. names.Select(Encoding.UTF8.GetBytes)];

    private static string[] NamesOf<T>() where T : struct, Enum => [.. Enum.GetNames<T>().Select(SnakeCase)];
}
