namespace Audit.Lifecycle.Json;

/// <summary>
/// Names that stand in record after record and event after event (tools, providers, tasks, agents, sessions): one
/// string of each
/// serves them all. For one thread.
/// </summary>
public sealed class SharedNames(int places = 1024)
{
    private const int LongestKept = 128;

    [ThreadStatic] private static SharedNames? ofThread;

    private readonly string?[] kept = new string?[places];

    public static SharedNames OfThread => ofThread ??= new SharedNames(4096);

    public string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty || utf8.Length > LongestKept)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        // Two names that want one place take it from each other, which bounds what is kept.
        ref var place = ref kept[PlaceOf(utf8)];
        return place is not null && Ascii.Equals(utf8, place) ? place : place = Encoding.UTF8.GetString(utf8);
    }

    private int PlaceOf(ReadOnlySpan<byte> utf8)
    {
        var hash = new HashCode();
        hash.AddBytes(utf8);
        return (int)((uint)hash.ToHashCode() % places);
    }
}
