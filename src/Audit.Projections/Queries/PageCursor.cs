using System.Buffers.Text;

namespace Audit.Projections.Queries;

/// <summary>Places in lists as texts, opaque to clients, so that what a place is may change.</summary>
public static class PageCursor
{
    private const int Longest = 100;

    public static string Write(params long[] place) => Base64Url.EncodeToString(
        Encoding.ASCII.GetBytes(string.Join(' ', place.Select(part => part.ToString(CultureInfo.InvariantCulture)))));

    /// <param name="parts">How many numbers a place of the list has.</param>
    /// <param name="start">The place before the list's first item.</param>
    /// <exception cref="CursorException">It is none of such a list.</exception>
    public static long[] Read(string? cursor, int parts, params long[] start) =>
        cursor is null ? start : TryRead(cursor, parts) ?? throw new CursorException(cursor);

    /// <returns>Null where it is none of such a list.</returns>
    public static long[]? TryRead(string cursor, int parts)
    {
        if (cursor.Length <= Longest && Base64Url.IsValid(cursor))
        {
            var words = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(cursor)).Split(' ');
            var place = new long[parts];
            if (words.Length == parts && words.Select((word, index) =>
                long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out place[index]))
                .All(read => read))
            {
                return place;
            }
        }

        return null;
    }
}

/// <summary>A cursor that no page of this list gave.</summary>
public sealed class CursorException(string cursor) : Exception($"\"{cursor}\" is no cursor of this list.");
