using System.Buffers.Binary;

namespace Audit.Integrity.Notes;

/// <summary>
/// C2SP signed-note: a text, a blank line, and a line for each signature. Reading refuses what the specification
/// refuses.
/// </summary>
public sealed record SignedNote(string Body, IReadOnlyList<NoteSignature> Signatures)
{
    private const int Longest = 1_000_000;
    private const int MostSignatures = 100;
    private const int KeyIdSize = sizeof(uint);
    private const string SignaturePrefix = "\u2014 ";

    private static readonly UTF8Encoding Strict = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Signs a text, which must end with a line feed.</summary>
    public static Task<SignedNote> SignAsync(string body, ILogSigner signer, CancellationToken cancellation) =>
        SignAsync(body, [signer], cancellation);

    /// <summary>Has several sign the same text.</summary>
    public static async Task<SignedNote> SignAsync(
        string body, IReadOnlyList<ILogSigner> signers, CancellationToken cancellation)
    {
        if (!body.EndsWith('\n') || HasControlCharacter(body))
        {
            throw new NoteFormatException(
                "The text of a note ends with a line feed and has no other control characters.");
        }

        var signatures = new List<NoteSignature>(signers.Count);
        foreach (var signer in signers)
        {
            var signature = await signer.SignAsync(Strict.GetBytes(body), cancellation);
            signatures.Add(new NoteSignature(signer.Key.Name, signer.Key.KeyId, signature));
        }

        return new SignedNote(body, signatures);
    }

    /// <exception cref="NoteFormatException">The bytes are no note.</exception>
    public static SignedNote Parse(ReadOnlySpan<byte> note)
    {
        var text = Decode(note);
        // The last blank line: the text itself may have some.
        var end = text.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0)
        {
            throw new NoteFormatException("The note has no blank line before its signatures.");
        }

        var lines = text[(end + 2)..];
        if (lines.Length == 0 || !lines.EndsWith('\n'))
        {
            throw new NoteFormatException("The note has no signature, or its last line does not end.");
        }

        var signatures = lines[..^1].Split('\n').Select(ParseLine).ToList();
        return signatures.Count <= MostSignatures
            ? new SignedNote(text[..(end + 1)], signatures)
            : throw new NoteFormatException($"The note has more than {MostSignatures} signatures.");
    }

    public static SignedNote Parse(string note) => Parse(Encoding.UTF8.GetBytes(note));

    /// <summary>
    /// Whether the key signed the note. Signatures of other keys count for nothing; a wrong one under this key spoils
    /// the note.
    /// </summary>
    public bool IsSignedBy(VerifierKey key)
    {
        var own = Signatures.Where(line => line.Name == key.Name && line.KeyId == key.KeyId).ToList();
        var body = Strict.GetBytes(Body);
        return own.Count > 0 && own.TrueForAll(line => key.Verify(body, line.Signature));
    }

    public override string ToString() => $"{Body}\n{string.Concat(Signatures.Select(Line))}";

    /// <summary>The line of a signature, with its line feed.</summary>
    internal static string Line(NoteSignature signature)
    {
        var bytes = new byte[KeyIdSize + signature.Signature.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, signature.KeyId);
        signature.Signature.CopyTo(bytes, KeyIdSize);
        return $"{SignaturePrefix}{signature.Name} {Convert.ToBase64String(bytes)}\n";
    }

    private static NoteSignature ParseLine(string line)
    {
        if (!line.StartsWith(SignaturePrefix, StringComparison.Ordinal)
            || line[SignaturePrefix.Length..].Split(' ', 2) is not [var name, var encoded]
            || !KeyName.IsValid(name) || !StrictBase64.TryDecode(encoded, out var bytes) || bytes.Length <= KeyIdSize)
        {
            throw new NoteFormatException(
                "A signature line is a dash, a name, and the base64 of a key id and a signature.");
        }

        return new NoteSignature(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[KeyIdSize..]);
    }

    private static string Decode(ReadOnlySpan<byte> note)
    {
        if (note.Length > Longest)
        {
            throw new NoteFormatException($"The note is longer than {Longest} bytes.");
        }

        try
        {
            var text = Strict.GetString(note);
            return HasControlCharacter(text)
                ? throw new NoteFormatException("The note has a control character.")
                : text;
        }
        catch (DecoderFallbackException)
        {
            throw new NoteFormatException("The note is not UTF-8.");
        }
    }

    private static bool HasControlCharacter(string text) => text.Any(letter => letter < ' ' && letter != '\n');
}

/// <summary>One signature line of a note.</summary>
public sealed record NoteSignature(string Name, uint KeyId, byte[] Signature);

/// <summary>A note, a key, a checkpoint or a proof that is not in its format; the message is a sentence.</summary>
public sealed class NoteFormatException(string message) : Exception(message);

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

/// <summary>Notes whose body is a heading and one JSON object.</summary>
internal static class JsonNote
{
    /// <summary>That what was read is no JSON, or has not the members that are asked for.</summary>
    public static bool IsOther(Exception failure) =>
        failure is JsonException or InvalidOperationException or FormatException or KeyNotFoundException;

    /// <param name="heading">With its line feed.</param>
    public static string Write(string heading, Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return $"{heading}{Encoding.UTF8.GetString(buffer.WrittenSpan)}\n";
    }

    /// <param name="what">What the note is of, in words.</param>
    /// <param name="read">Receives the object, and how to read a text that must be there.</param>
    /// <exception cref="NoteFormatException">The text is no such note.</exception>
    public static T Read<T>(
        SignedNote note, string heading, string what, Func<JsonElement, Func<string, string>, T> read)
    {
        if (!note.Body.StartsWith(heading, StringComparison.Ordinal))
        {
            throw new NoteFormatException($"The note is not one of {what}.");
        }

        try
        {
            using var json = JsonDocument.Parse(note.Body[heading.Length..]);
            var root = json.RootElement;
            return read(
                root, name => root.GetProperty(name).GetString() ?? throw new JsonException($"no {name}"));
        }
        catch (Exception failure) when (JsonNote.IsOther(failure))
        {
            throw new NoteFormatException($"The note of {what} cannot be read: {failure.Message}");
        }
    }
}
