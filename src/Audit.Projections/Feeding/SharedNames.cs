using System.Text;

namespace Audit.Projections.Feeding;

/// <summary>Names that stand in event after event become one string each instead of as many as there are events.</summary>
internal sealed class SharedNames
{
    private const int Places = 1024;
    private const int LongestKept = 128;

    private readonly string?[] kept = new string?[Places];

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

    private static int PlaceOf(ReadOnlySpan<byte> utf8)
    {
        var hash = (uint)utf8.Length;
        foreach (var letter in utf8)
        {
            hash = hash * 31 + letter;
        }

        return (int)(hash % Places);
    }
}
