using System.Buffers.Binary;
using System.Security.Cryptography;
using Audit.Projections.Language;

namespace Audit.Projections.Stores;

/// <summary>
/// Words of the index that no text can hold: they begin with a sign that is no letter. A value of a key becomes one,
/// hashed, so that both databases take whatever hosts put into names; and so do the year, month, day and hour of an
/// event.
/// </summary>
internal static class Marks
{
    /// <summary>Times before and after are put into the first and last year.</summary>
    public const int FirstYear = 2000, LastYear = 2099;

    /// <summary>Every document has it.</summary>
    public const string Everything = "§e";

    /// <summary>The document has a word more often than PostgreSQL remembers where.</summary>
    public const string Crowded = "§c";

    /// <summary>So many positions in a row share a mark on PostgreSQL, as a power of two.</summary>
    public const int StretchBits = 15;

    public static string Of(SearchKey key, string value)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(value), hash);
        return string.Create(
            CultureInfo.InvariantCulture, $"§k{(int)key}x{BinaryPrimitives.ReadUInt64BigEndian(hash):x16}");
    }

    public static string Stretch(long number) => string.Create(CultureInfo.InvariantCulture, $"§p{number}");

    public static string Year(int year) => string.Create(CultureInfo.InvariantCulture, $"§y{year}");

    public static string Month(DateTime time) => "§m" + time.ToString("yyyyMM", CultureInfo.InvariantCulture);

    public static string Day(DateTime time) => "§d" + time.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    public static string Hour(DateTime time) => "§h" + time.ToString("yyyyMMddHH", CultureInfo.InvariantCulture);

    public static DateTime Clamp(DateTime time) =>
        time.Year < FirstYear ? new DateTime(FirstYear, 1, 1)
        : time.Year > LastYear ? new DateTime(LastYear, 12, 31, 23, 0, 0)
        : time;
}
