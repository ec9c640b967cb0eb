namespace Audit.Lifecycle.Json;

/// <summary>
/// Finds \u escapes that are half of a surrogate pair; the framework's reader lets them pass and fails later.
/// </summary>
internal static class Surrogates
{
    private const int EscapeLength = 6;

    public static bool HasLone(ReadOnlySpan<byte> escaped)
    {
        var at = 0;
        while (at < escaped.Length)
        {
            var next = escaped[at..].IndexOf((byte)'\\');
            if (next < 0)
            {
                return false;
            }

            at += next;
            if (escaped[at + 1] != 'u')
            {
                at += 2;
                continue;
            }

            var unit = CodeUnit(escaped[at..]);
            at += EscapeLength;
            if (char.IsLowSurrogate(unit))
            {
                return true;
            }

            if (char.IsHighSurrogate(unit))
            {
                var rest = escaped[at..];
                if (rest.Length < EscapeLength || rest[0] != '\\' || rest[1] != 'u'
                    || !char.IsLowSurrogate(CodeUnit(rest)))
                {
                    return true;
                }

                at += EscapeLength;
            }
        }

        return false;
    }

    private static char CodeUnit(ReadOnlySpan<byte> escape) =>
        (char)ushort.Parse(escape.Slice(2, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
