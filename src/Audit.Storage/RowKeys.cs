using System.Security.Cryptography;

namespace Audit.Storage;

/// <summary>
/// The keys of a store that lie in a file and never in its database: whoever has the database alone can neither read
/// the content of its rows nor write a row that passes for one of a node.
/// </summary>
/// <remarks>
/// The file has a line for each key, its id and its bytes; the newest stands last. What must stay the same for the life
/// of a store is derived from the first, everything else from the newest.
/// </remarks>
public sealed class RowKeys
{
    public const int KeyLength = 32;

    /// <summary>Of a proof: half of an HMAC-SHA256.</summary>
    public const int MacLength = 16;

    private const string Heading = "audit row keys 1: keep this file apart from the database, and a copy of it";
    private const int WrapNonceLength = 12;
    private const int WrapTagLength = 16;

    private readonly List<(string Id, byte[] Key)> keys;

    private RowKeys(List<(string Id, byte[] Key)> keys) => this.keys = keys;

    /// <summary>The id of the key that is written with.</summary>
    public string Id => keys[^1].Id;

    /// <summary>The id of the first key, which stands for the file in a store.</summary>
    public string FirstId => keys[0].Id;

    /// <summary>Keys that come from these bytes; for tools and tests, which have no file.</summary>
    public static RowKeys Of(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyLength)
        {
            throw new ArgumentException($"A row key has {KeyLength} bytes, not {key.Length}.", nameof(key));
        }

        return new RowKeys([(IdOf(key), key.ToArray())]);
    }

    /// <summary>Whether one of them has that id.</summary>
    public bool Has(string id) => keys.Exists(key => key.Id == id);

    /// <summary>Reads the file, or makes it for a store that has nothing yet.</summary>
    /// <param name="isNewStore">The store has no key so far.</param>
    /// <exception cref="StoreException">The file is missing, cannot be read, or is none of ours.</exception>
    public static RowKeys Open(string path, bool isNewStore)
    {
        try
        {
            if (!File.Exists(path))
            {
                return isNewStore
                    ? Create(path)
                    : throw new StoreException(
                        $"The row key {path} is missing: without it nothing can be written into this store and no "
                        + "content of its rows can be read. Give the file that the store's first node made "
                        + "(--row-key FILE).");
            }

            return Parse(File.ReadAllLines(path), path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The row key {path} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Makes the file for a store that is yet to be made; one that is there is never written over.</summary>
    /// <exception cref="StoreException">It is there already, or cannot be made.</exception>
    public static RowKeys Create(string path)
    {
        var made = Of(RandomNumberGenerator.GetBytes(KeyLength));
        made.SaveNew(path);
        return made;
    }

    /// <summary>Writes them into a file of their own; one that is there already is never written over.</summary>
    /// <exception cref="StoreException">It is there already, or cannot be made.</exception>
    public void SaveNew(string path)
    {
        try
        {
            RequireNew(path, "a key");
            OwnerOnly.Replace(path, Encoding.UTF8.GetBytes(
                $"{Heading}\n{string.Concat(keys.Select(key => $"{key.Id} {Convert.ToBase64String(key.Key)}\n"))}"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The row key {path} cannot be made: {failure.Message}", failure);
        }
    }

    /// <summary>Whether somebody has made a copy of the file and confirmed it.</summary>
    public static bool IsBackedUp(string path) => File.Exists(NoteOf(path));

    /// <summary>Copies the file to a place that is kept apart, and notes that it was done.</summary>
    /// <exception cref="StoreException">The file holds no keys, or the copy cannot be made there.</exception>
    public static void BackUp(string path, string copy, DateTimeOffset at)
    {
        var id = Open(path, isNewStore: false).Id;
        try
        {
            RequireNew(copy, "a copy");
            OwnerOnly.Replace(copy, File.ReadAllBytes(path));
            OwnerOnly.Replace(NoteOf(path), Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{id} was copied at {at.UtcDateTime:O}\n")));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The copy {copy} cannot be made: {failure.Message}", failure);
        }
    }

    /// <summary>A key of its own for one use; the same for the life of the store.</summary>
    public byte[] Derive(string use) => HMACSHA256.HashData(keys[0].Key, Encoding.UTF8.GetBytes(use));

    /// <summary>A key of its own for one use of the newest key, or of an older one.</summary>
    /// <returns>Null where no key has this id.</returns>
    public byte[]? Derive(string use, string id)
    {
        var index = keys.FindIndex(key => key.Id == id);
        return index < 0 ? null : HMACSHA256.HashData(keys[index].Key, Encoding.UTF8.GetBytes(use));
    }

    /// <summary>The proof of a row of another table than the journal, over all of its fields.</summary>
    /// <param name="fields">Null is another thing than an empty text.</param>
    public byte[] MacOf(string table, params IEnumerable<string?> fields) => MacOf(Id, table, fields)!;

    /// <summary>Whether a node that has these keys wrote a row of another table than the journal.</summary>
    public bool Proves(ReadOnlySpan<byte> proof, string table, params IEnumerable<string?> fields)
    {
        var proven = false;
        foreach (var (id, _) in keys)
        {
            proven |= CryptographicOperations.FixedTimeEquals(MacOf(id, table, fields), proof);
        }

        return proven;
    }

    /// <summary>Seals a key that lies in the database.</summary>
    /// <param name="owner">Whose key it is; it opens for nobody else.</param>
    public byte[] Wrap(ReadOnlySpan<byte> key, ReadOnlySpan<byte> owner)
    {
        var wrapped = new byte[WrapNonceLength + key.Length + WrapTagLength];
        var nonce = wrapped.AsSpan(0, WrapNonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(Derive("wrap", Id)!, WrapTagLength);
        cipher.Encrypt(
            nonce, key, wrapped.AsSpan(WrapNonceLength, key.Length), wrapped.AsSpan(^WrapTagLength..), owner);
        return wrapped;
    }

    /// <returns>Null when it was not sealed with the key of this id, or not for this owner.</returns>
    public byte[]? Unwrap(string id, ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> owner)
    {
        if (Derive("wrap", id) is not { } secret || wrapped.Length <= WrapNonceLength + WrapTagLength)
        {
            return null;
        }

        var key = new byte[wrapped.Length - WrapNonceLength - WrapTagLength];
        using var cipher = new AesGcm(secret, WrapTagLength);
        try
        {
            cipher.Decrypt(
                wrapped[..WrapNonceLength], wrapped[WrapNonceLength..^WrapTagLength], wrapped[^WrapTagLength..], key,
                owner);
            return key;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private byte[]? MacOf(string id, string table, IEnumerable<string?> fields)
    {
        var text = new ArrayBufferWriter<byte>();
        foreach (var field in fields.Prepend(table))
        {
            var bytes = field is null ? [] : Encoding.UTF8.GetBytes(field);
            Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{(field is null ? -1 : bytes.Length)}:"), text);
            text.Write(bytes);
        }

        return Derive("rows", id) is { } key ? HMACSHA256.HashData(key, text.WrittenSpan)[..MacLength] : null;
    }

    private static void RequireNew(string path, string what)
    {
        if (File.Exists(path))
        {
            throw new StoreException($"The file {path} is there already; {what} is made under a new name.");
        }
    }

    private static string NoteOf(string path) => path + ".copied";

    private static RowKeys Parse(string[] lines, string path)
    {
        var keys = new List<(string, byte[])>();
        foreach (var line in lines.Skip(1).Where(line => line.Length > 0))
        {
            var key = new byte[KeyLength];
            var isKey = line.Split(' ') is [var id, var text]
                && Convert.TryFromBase64String(text, key, out var length) && length == KeyLength && IdOf(key) == id;
            keys.Add(isKey
                ? (line[..line.IndexOf(' ')], key)
                : throw new StoreException($"The row key {path} is damaged: its line {keys.Count + 2} is no key."));
        }

        return keys.Count > 0 && lines[0] == Heading
            ? new RowKeys(keys)
            : throw new StoreException($"The file {path} holds no row keys; accepted is the file that a node made.");
    }

    private static string IdOf(ReadOnlySpan<byte> key) =>
        Convert.ToHexStringLower(SHA256.HashData(key).AsSpan(0, 4));
}
