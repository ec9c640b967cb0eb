using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Audit.Integrity.Notes;

/// <summary>
/// The public half of a witness's key, C2SP tlog-cosignature: it signs a checkpoint together with the time at which the
/// witness saw it.
/// </summary>
public sealed record WitnessKey
{
    internal const byte CosignatureType = 4;
    private const int TimeSize = sizeof(ulong);

    private readonly byte[] publicKey;

    public WitnessKey(string name, byte[] publicKey)
    {
        if (!KeyName.IsValid(name) || publicKey.Length != Ed25519.PublicKeySize)
        {
            throw new NoteFormatException("A witness's key has a name and an Ed25519 public key of 32 bytes.");
        }

        Name = name;
        this.publicKey = publicKey;
        KeyId = BinaryPrimitives.ReadUInt32BigEndian(
            SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', CosignatureType, .. publicKey]));
    }

    public string Name { get; }

    public uint KeyId { get; }

    /// <exception cref="NoteFormatException">The text is no verifier key of a witness.</exception>
    public static WitnessKey Parse(string text)
    {
        if (text.Split('+', 3) is not [var name, var hash, var encoded]
            || !StrictBase64.TryDecode(encoded, out var key) || key.Length != 1 + Ed25519.PublicKeySize)
        {
            throw new NoteFormatException("A witness's key has the form name+hash+base64.");
        }

        if (key[0] != CosignatureType)
        {
            throw new NoteFormatException(
                $"The key is of type {key[0]}; a witness's is of type {CosignatureType}, cosignature/v1.");
        }

        var parsed = new WitnessKey(name, key[1..]);
        return VerifierKey.HexOf(parsed.KeyId) == hash
            ? parsed
            : throw new NoteFormatException(
                $"The key's hash is {VerifierKey.HexOf(parsed.KeyId)}, not {hash}.");
    }

    /// <summary>When the witness saw a checkpoint; null where it did not cosign it.</summary>
    public DateTimeOffset? SeenAt(SignedCheckpoint checkpoint)
    {
        foreach (var line in checkpoint.Note.Signatures)
        {
            if (line.Name == Name && line.KeyId == KeyId && SeenAt(checkpoint.Checkpoint, line.Signature) is { } at)
            {
                return at;
            }
        }

        return null;
    }

    public override string ToString() =>
        $"{Name}+{VerifierKey.HexOf(KeyId)}+{Convert.ToBase64String([CosignatureType, .. publicKey])}";

    public bool Equals(WitnessKey? other) => other is not null && ToString() == other.ToString();

    public override int GetHashCode() => (int)KeyId;

    /// <summary>What a witness signs: of the checkpoint the three lines that it vouches for, and the time.</summary>
    internal static byte[] MessageOf(Checkpoint checkpoint, ulong seconds) => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {seconds}\n{checkpoint}"));

    private DateTimeOffset? SeenAt(Checkpoint checkpoint, byte[] signature)
    {
        if (signature.Length != TimeSize + Ed25519.SignatureSize)
        {
            return null;
        }

        var seconds = BinaryPrimitives.ReadUInt64BigEndian(signature);
        var message = MessageOf(checkpoint, seconds);
        return seconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            && Ed25519.Verify(signature, TimeSize, publicKey, 0, message, 0, message.Length)
            ? DateTimeOffset.FromUnixTimeSeconds((long)seconds)
            : null;
    }
}

/// <summary>A witness's own key.</summary>
public sealed class Cosigner
{
    private readonly byte[] seed;

    public Cosigner(string name, byte[] seed)
    {
        var publicKey = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePublicKey(seed, 0, publicKey, 0);
        this.seed = seed;
        Key = new WitnessKey(name, publicKey);
    }

    public WitnessKey Key { get; }

    /// <summary>The line that goes under the checkpoint's note.</summary>
    public string LineOf(Checkpoint checkpoint, DateTimeOffset now)
    {
        var seconds = (ulong)now.ToUnixTimeSeconds();
        var message = WitnessKey.MessageOf(checkpoint, seconds);
        var signature = new byte[sizeof(ulong) + Ed25519.SignatureSize];
        BinaryPrimitives.WriteUInt64BigEndian(signature, seconds);
        Ed25519.Sign(seed, 0, message, 0, message.Length, signature, sizeof(ulong));
        return SignedNote.Line(new NoteSignature(Key.Name, Key.KeyId, signature));
    }
}
