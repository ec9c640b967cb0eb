using System.Text;

namespace Audit.Lifecycle.Records;

/// <summary>
/// Names that stand in record after record (tools, providers, tasks, agents, sessions): live calls share one string of each instead
/// of holding as many as there are records.
/// </summary>
internal static class RepeatedNames
{
    private const int Places = 4096;
    private const int LongestKept = 128;

    [ThreadStatic] private static string?[]? kept;

    public static string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty || utf8.Length > LongestKept)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        // Two names that want one place take it from each other, which bounds what is kept.
        ref var place = ref (kept ??= new string?[Places])[PlaceOf(utf8)];
        return place is not null && Ascii.Equals(utf8, place) ? place : place = Encoding.UTF8.GetString(utf8);
    }

    private static int PlaceOf(ReadOnlySpan<byte> utf8)
    {
        var hash = new HashCode();
        hash.AddBytes(utf8);
        return (int)((uint)hash.ToHashCode() % Places);
    }
}
