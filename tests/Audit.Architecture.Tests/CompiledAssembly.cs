using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Audit.Architecture.Tests;

/// <summary>What an assembly uses of others, read from its metadata without loading it.</summary>
internal sealed class CompiledAssembly
{
    private CompiledAssembly(MetadataReader reader)
    {
        References =
            [.. reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name))];
        Types = [.. reader.TypeReferences.Select(handle => NameOf(reader, handle))];
        Members = [.. reader.MemberReferences.Select(handle => NameOf(reader, reader.GetMemberReference(handle)))];
    }

    public IReadOnlyList<string> References { get; }

    /// <summary>Full names of types of other assemblies.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>Members of them, as `System.DateTime.get_UtcNow`.</summary>
    public IReadOnlyList<string> Members { get; }

    public static CompiledAssembly Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        return new CompiledAssembly(file.GetMetadataReader());
    }

    private static string NameOf(MetadataReader reader, MemberReference member) =>
        member.Parent.Kind == HandleKind.TypeReference
            ? $"{NameOf(reader, (TypeReferenceHandle)member.Parent)}.{reader.GetString(member.Name)}"
            : reader.GetString(member.Name);

    private static string NameOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        var name = reader.GetString(type.Name);
        if (type.ResolutionScope.Kind == HandleKind.TypeReference)
        {
            return $"{NameOf(reader, (TypeReferenceHandle)type.ResolutionScope)}.{name}";
        }

        return type.Namespace.IsNil ? name : $"{reader.GetString(type.Namespace)}.{name}";
    }
}
