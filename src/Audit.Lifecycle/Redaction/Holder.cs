namespace Audit.Lifecycle.Redaction;

/// <summary>The object or array that a value stands in, with what its neighbours say of it.</summary>
internal struct Holder
{
    private const int LongestArgument = 256;

    private SecretName named;
    private bool isNaming;
    private string? program;
    private string? before;

    public bool IsArray { get; init; }

    /// <summary>What the name of the member, or of the list, says of the value.</summary>
    public SecretName Name { get; set; }

    /// <summary>What the object is the value of, where a type stands between: `{"stringValue": …}`.</summary>
    public SecretName Given { get; init; }

    /// <summary>A private key began in a line before, where texts are lists of lines.</summary>
    public bool IsInKey { get; set; }

    /// <summary>The part of the last argument that is a password; nothing where there is none.</summary>
    public Range Secret { get; private set; }

    /// <summary>A member begins.</summary>
    public void Enter(ReadOnlySpan<char> name)
    {
        // `{"name": "DB_PASSWORD", "value": …}`
        isNaming = name is "name" or "key" or "Name" or "Key";
        Name = named.IsStrong && name is "value" or "Value" ? named
            : Given.IsStrong && name.EndsWith("Value") ? Given
            : SecretName.Find(name);
    }

    /// <summary>A string follows. Returns what is known of it before it is looked at.</summary>
    public SecretName Follow(ReadOnlySpan<char> value)
    {
        Secret = default;
        if (!IsArray)
        {
            named = isNaming ? SecretName.Find(value) : named;
            return Name;
        }

        var known = Name.Strength != NameStrength.None || before is null
            ? Name
            : CommandLines.AfterArgument(program, before);
        Secret = before is null ? default : CommandLines.InArgument(program, before, value);
        program ??= value.Length <= LongestArgument ? value.ToString() : "";
        before = value.Length <= LongestArgument ? value.ToString() : "";
        return known;
    }
}
