namespace Audit.Integrity.Notes;

/// <summary>Base64 that is written in one way only: what decodes and would be encoded otherwise is refused.</summary>
internal static class StrictBase64
{
    public static bool TryDecode(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
        {
            return false;
        }

        Array.Resize(ref bytes, length);
        return Convert.ToBase64String(bytes) == text;
    }
}
