using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Audit.Integrity.Notes;

/// <summary>Signs with a key in memory, whose text form is the one that Go's note package writes.</summary>
public sealed class Ed25519Signer : ILogSigner
{
    internal const string Prefix = "PRIVATE+KEY+";

    private readonly byte[] seed;

    public Ed25519Signer(string name, byte[] seed)
    {
        if (seed.Length != Ed25519.SecretKeySize)
        {
            throw new NoteFormatException(
                $"An Ed25519 private key has {Ed25519.SecretKeySize} bytes, not {seed.Length}.");
        }

        var publicKey = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePublicKey(seed, 0, publicKey, 0);
        this.seed = seed;
        Key = new VerifierKey(name, publicKey);
    }

    public VerifierKey Key { get; }

    public static Ed25519Signer Generate(string name) =>
        new(name, RandomNumberGenerator.GetBytes(Ed25519.SecretKeySize));

    /// <exception cref="NoteFormatException">The text is no private key; nothing of it is in the message.</exception>
    public static Ed25519Signer Parse(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)
            || text[Prefix.Length..].Split('+', 3) is not [var name, var hash, var encoded])
        {
            throw new NoteFormatException("A private key has the form PRIVATE+KEY+name+hash+base64.");
        }

        if (!StrictBase64.TryDecode(encoded, out var key) || key.Length != 1 + Ed25519.SecretKeySize
            || key[0] != VerifierKey.Ed25519Type)
        {
            throw new NoteFormatException("A private key ends with the base64 of type 1, Ed25519, and 32 bytes.");
        }

        var signer = new Ed25519Signer(name, key[1..]);
        return VerifierKey.HexOf(signer.Key.KeyId) == hash
            ? signer
            : throw new NoteFormatException("The private key's hash does not belong to its name and key.");
    }

    public Task<byte[]> SignAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(seed, 0, message.ToArray(), 0, message.Length, signature, 0);
        return Task.FromResult(signature);
    }

    /// <summary>The same key as a witness's.</summary>
    public Cosigner AsCosigner() => new(Key.Name, seed);

    /// <summary>The private key as text: whoever has it signs for the log.</summary>
    public string ToSecretText() =>
        $"{Prefix}{Key.Name}+{VerifierKey.HexOf(Key.KeyId)}+"
        + Convert.ToBase64String([VerifierKey.Ed25519Type, .. seed]);

    public override string ToString() => Key.ToString();
}
