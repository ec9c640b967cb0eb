using System.Collections.Frozen;

namespace Audit.Lifecycle.Calls;

/// <summary>The names of the wire for the law's own enumerations.</summary>
public static class Words
{
    private static readonly string[] Kinds = NamesOf<MessageKind>();
    private static readonly string[] States = NamesOf<CallState>();
    private static readonly (Anomalies Flag, string Name)[] AnomalyNames =
        [.. Enum.GetValues<Anomalies>().Where(flag => flag != Anomalies.None).Select(flag => (flag, SnakeCase(flag.ToString())))];

    private static readonly FrozenDictionary<string, Anomalies> AnomaliesByName =
        AnomalyNames.ToFrozenDictionary(pair => pair.Name, pair => pair.Flag);

    public static IReadOnlyList<string> AllKinds => Kinds;

    public static IReadOnlyList<string> AllStates => States;

    public static string Of(MessageKind kind) => Kinds[(int)kind];

    public static string Of(CallState state) => States[(int)state];

    public static string Of(ViolationCause cause) => SnakeCase(cause.ToString());

    public static IEnumerable<string> Of(Anomalies anomalies)
    {
        foreach (var (flag, name) in AnomalyNames)
        {
            if ((anomalies & flag) != 0)
            {
                yield return name;
            }
        }
    }

    public static bool TryState(string name, out CallState state)
    {
        var index = Array.IndexOf(States, name);
        state = (CallState)Math.Max(index, 0);
        return index >= 0;
    }

    public static bool TryKind(string name, out MessageKind kind)
    {
        var index = Array.IndexOf(Kinds, name);
        kind = (MessageKind)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>A name that a newer program wrote counts for nothing here.</summary>
    public static Anomalies AnomalyNamed(string name) => AnomaliesByName.GetValueOrDefault(name);

    internal static string SnakeCase(string name) =>
        string.Concat(name.Select((letter, index) =>
            char.IsUpper(letter) ? (index > 0 ? "_" : "") + char.ToLowerInvariant(letter) : letter.ToString()));

    private static string[] NamesOf<T>() where T : struct, Enum => [.. Enum.GetNames<T>().Select(SnakeCase)];
}
