using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Audit.Integrity.Notes;

/// <summary>The public half of a log's Ed25519 key, in the text form `name+hash+base64` of signed notes.</summary>
public sealed record VerifierKey
{
    internal const byte Ed25519Type = 1;

    private readonly byte[] publicKey;

    public VerifierKey(string name, byte[] publicKey)
    {
        if (!KeyName.IsValid(name))
        {
            throw new NoteFormatException($"The key name \"{name}\" is not accepted; accepted are {KeyName.Accepted}.");
        }

        if (publicKey.Length != Ed25519.PublicKeySize)
        {
            throw new NoteFormatException(
                $"An Ed25519 public key has {Ed25519.PublicKeySize} bytes, not {publicKey.Length}.");
        }

        Name = name;
        this.publicKey = publicKey;
        KeyId = IdOf(name, publicKey);
    }

    public string Name { get; }

    /// <summary>The first four bytes of the hash over name, type and key, the high one first.</summary>
    public uint KeyId { get; }

    /// <exception cref="NoteFormatException">The text is no verifier key of an Ed25519 key.</exception>
    public static VerifierKey Parse(string text)
    {
        // The base64 may hold a + of its own.
        if (text.Split('+', 3) is not [var name, var hash, var encoded])
        {
            throw new NoteFormatException("A verifier key has the form name+hash+base64.");
        }

        if (!StrictBase64.TryDecode(encoded, out var key) || key.Length != 1 + Ed25519.PublicKeySize)
        {
            throw new NoteFormatException("A verifier key ends with the base64 of a type and 32 bytes.");
        }

        if (key[0] != Ed25519Type)
        {
            throw new NoteFormatException($"The verifier key is of type {key[0]}; only Ed25519, type 1, is known.");
        }

        var parsed = new VerifierKey(name, key[1..]);
        return HexOf(parsed.KeyId) == hash
            ? parsed
            : throw new NoteFormatException($"The verifier key's hash is {HexOf(parsed.KeyId)}, not {hash}.");
    }

    public bool Verify(ReadOnlySpan<byte> message, byte[] signature) =>
        signature.Length == Ed25519.SignatureSize
        && Ed25519.Verify(signature, 0, publicKey, 0, message.ToArray(), 0, message.Length);

    public override string ToString() => $"{Name}+{HexOf(KeyId)}+{Convert.ToBase64String([Ed25519Type, .. publicKey])}";

    public bool Equals(VerifierKey? other) => other is not null && ToString() == other.ToString();

    public override int GetHashCode() => (int)KeyId;

    internal static string HexOf(uint keyId) => keyId.ToString("x8", CultureInfo.InvariantCulture);

    private static uint IdOf(string name, byte[] publicKey)
    {
        var hash = SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', Ed25519Type, .. publicKey]);
        return BinaryPrimitives.ReadUInt32BigEndian(hash);
    }
}

/// <summary>The name of a key, which is the origin of its log.</summary>
public static class KeyName
{
    public const string Accepted =
        "1 to 200 printable characters without spaces and without +, best a URL without its scheme";

    private const int Longest = 200;

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= Longest
        && !name.Contains('+')
        && !name.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter))
        && !name.EnumerateRunes().Contains(Rune.ReplacementChar);
}
