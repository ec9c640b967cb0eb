namespace Audit.Formats.Tests.Support;

internal static class Bytes
{
    public static byte[] Replace(this byte[] text, byte one, byte other) =>
        [.. text.Select(letter => letter == one ? other : letter)];
}
