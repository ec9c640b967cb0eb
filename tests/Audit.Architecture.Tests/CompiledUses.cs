using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.RegularExpressions;

namespace Audit.Architecture.Tests;

/// <summary>One folder's use of another, and a place that makes it.</summary>
internal sealed record FolderUse(string From, string To, string Place);

/// <summary>Which types of an assembly use which others of it, read from its metadata and its method bodies.</summary>
internal sealed partial class CompiledUses
{
    private static readonly FrozenDictionary<int, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToFrozenDictionary(code => code.Value & 0xFFFF);

    private readonly PEReader file;
    private readonly MetadataReader reader;
    private readonly string root;
    private readonly TypeCollector collector = new();
    private readonly Dictionary<string, TypeDefinitionHandle> byName = [];

    private CompiledUses(PEReader file, string root)
    {
        this.file = file;
        this.root = root;
        reader = file.GetMetadataReader();
        foreach (var handle in reader.TypeDefinitions)
        {
            byName[FullName(handle)] = handle;
        }
    }

    /// <summary>
    /// The room's own types: name, namespace, and the constants that the compiler copies into those who use them.
    /// </summary>
    public static (IReadOnlyList<FolderUse> Uses, IReadOnlyList<RoomType> Types) Read(string path, string root)
    {
        using var file = new PEReader(File.OpenRead(path));
        var compiled = new CompiledUses(file, root);
        return ([.. compiled.Uses()], [.. compiled.Types()]);
    }

    private IEnumerable<FolderUse> Uses()
    {
        foreach (var handle in reader.TypeDefinitions)
        {
            if (FolderOf(handle) is not { } from)
            {
                continue;
            }

            collector.Found.Clear();
            Visit(reader.GetTypeDefinition(handle));
            foreach (var used in collector.Found)
            {
                if (FolderOf(used) is { } to && to != from)
                {
                    yield return new FolderUse(
                        from, to, $"{FullName(Outermost(handle))} uses {FullName(Outermost(used))}");
                }
            }
        }
    }

    private IEnumerable<RoomType> Types()
    {
        foreach (var handle in reader.TypeDefinitions)
        {
            if (FolderOf(handle) is { } folder && reader.GetString(reader.GetTypeDefinition(handle).Name) is var name
                && !name.Contains('<'))
            {
                yield return new RoomType(name.Split('`')[0], folder, Constants(handle).ToHashSet());
            }
        }
    }

    private IEnumerable<string> Constants(TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var own = type.GetFields().Select(reader.GetFieldDefinition)
            .Where(field => field.Attributes.HasFlag(FieldAttributes.Literal))
            .Select(field => reader.GetString(field.Name));
        return type.BaseType is { IsNil: false, Kind: HandleKind.TypeDefinition } parent
            ? own.Concat(Constants((TypeDefinitionHandle)parent))
            : own;
    }

    private void Visit(TypeDefinition type)
    {
        Visit(type.BaseType);
        Visit(type.GetCustomAttributes());
        Visit(type.GetGenericParameters());
        foreach (var handle in type.GetInterfaceImplementations())
        {
            Visit(reader.GetInterfaceImplementation(handle).Interface);
        }

        foreach (var handle in type.GetFields())
        {
            var field = reader.GetFieldDefinition(handle);
            field.DecodeSignature(collector, null);
            Visit(field.GetCustomAttributes());
        }

        foreach (var handle in type.GetProperties())
        {
            Visit(reader.GetPropertyDefinition(handle).GetCustomAttributes());
        }

        foreach (var handle in type.GetEvents())
        {
            Visit(reader.GetEventDefinition(handle).Type);
        }

        foreach (var handle in type.GetMethods())
        {
            Visit(reader.GetMethodDefinition(handle));
        }
    }

    private void Visit(MethodDefinition method)
    {
        method.DecodeSignature(collector, null);
        Visit(method.GetCustomAttributes());
        Visit(method.GetGenericParameters());
        foreach (var handle in method.GetParameters())
        {
            Visit(reader.GetParameter(handle).GetCustomAttributes());
        }

        if (method.RelativeVirtualAddress == 0)
        {
            return;
        }

        var body = file.GetMethodBody(method.RelativeVirtualAddress);
        Visit(body.LocalSignature);
        foreach (var region in body.ExceptionRegions)
        {
            Visit(region.CatchType);
        }

        VisitInstructions(body.GetILReader());
    }

    private void VisitInstructions(BlobReader il)
    {
        while (il.RemainingBytes > 0)
        {
            int value = il.ReadByte();
            var code = OpCodesByValue[value == 0xFE ? 0xFE00 | il.ReadByte() : value];
            switch (code.OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok
                    or OperandType.InlineType or OperandType.InlineSig:
                    Visit((EntityHandle)MetadataTokens.Handle(il.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    var targets = il.ReadInt32();
                    il.Offset += 4 * targets;
                    break;
                default:
                    il.Offset += OperandSize(code.OperandType);
                    break;
            }
        }
    }

    private static int OperandSize(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };

    private void Visit(EntityHandle handle)
    {
        if (handle.IsNil)
        {
            return;
        }

        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                collector.Found.Add((TypeDefinitionHandle)handle);
                break;
            case HandleKind.TypeSpecification:
                reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(collector, null);
                break;
            case HandleKind.MethodDefinition:
                Visit((EntityHandle)reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                Visit((EntityHandle)reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                Visit(reader.GetMemberReference((MemberReferenceHandle)handle).Parent);
                break;
            case HandleKind.MethodSpecification:
                var method = reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                Visit(method.Method);
                method.DecodeSignature(collector, null);
                break;
            case HandleKind.StandaloneSignature:
                VisitSignature(reader.GetStandaloneSignature((StandaloneSignatureHandle)handle));
                break;
        }
    }

    private void VisitSignature(StandaloneSignature signature)
    {
        if (signature.GetKind() == StandaloneSignatureKind.LocalVariables)
        {
            signature.DecodeLocalSignature(collector, null);
        }
        else
        {
            signature.DecodeMethodSignature(collector, null);
        }
    }

    private void Visit(CustomAttributeHandleCollection attributes)
    {
        foreach (var attribute in attributes.Select(reader.GetCustomAttribute))
        {
            Visit(attribute.Constructor);
            // A type that is an argument stands in the value as text.
            var value = Encoding.UTF8.GetString(reader.GetBlobBytes(attribute.Value));
            foreach (var name in TypeName().Matches(value).Select(match => match.Value.Replace('+', '.')))
            {
                if (byName.TryGetValue(name, out var type))
                {
                    collector.Found.Add(type);
                }
            }
        }
    }

    private void Visit(GenericParameterHandleCollection parameters)
    {
        foreach (var constraint in parameters.SelectMany(handle => reader.GetGenericParameter(handle).GetConstraints()))
        {
            Visit(reader.GetGenericParameterConstraint(constraint).Type);
        }
    }

    private string? FolderOf(TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(Outermost(handle));
        var folder = reader.GetString(type.Namespace);
        return folder == root || folder.StartsWith(root + '.', StringComparison.Ordinal) ? folder
            : reader.GetString(type.Name) == "Program" ? root
            : null;
    }

    private TypeDefinitionHandle Outermost(TypeDefinitionHandle handle)
    {
        while (reader.GetTypeDefinition(handle).GetDeclaringType() is { IsNil: false } outer)
        {
            handle = outer;
        }

        return handle;
    }

    private string FullName(TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var name = reader.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer ? $"{FullName(outer)}.{name}"
            : type.Namespace.IsNil ? name
            : $"{reader.GetString(type.Namespace)}.{name}";
    }

    [GeneratedRegex(@"[A-Za-z_]\w*(?:[.+`]\w+)+")]
    private static partial Regex TypeName();

    /// <summary>Keeps the assembly's own types that a signature names.</summary>
    private sealed class TypeCollector : ISignatureTypeProvider<bool, object?>
    {
        public HashSet<TypeDefinitionHandle> Found { get; } = [];

        public bool GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
            Found.Add(handle);

        public bool GetTypeFromSpecification(
            MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public bool GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => false;

        public bool GetPrimitiveType(PrimitiveTypeCode typeCode) => false;

        public bool GetSZArrayType(bool elementType) => false;

        public bool GetArrayType(bool elementType, ArrayShape shape) => false;

        public bool GetByReferenceType(bool elementType) => false;

        public bool GetPointerType(bool elementType) => false;

        public bool GetPinnedType(bool elementType) => false;

        public bool GetModifiedType(bool modifier, bool unmodifiedType, bool isRequired) => false;

        public bool GetGenericInstantiation(bool genericType, ImmutableArray<bool> typeArguments) => false;

        public bool GetGenericMethodParameter(object? genericContext, int index) => false;

        public bool GetGenericTypeParameter(object? genericContext, int index) => false;

        public bool GetFunctionPointerType(MethodSignature<bool> signature) => false;
    }
}

/// <summary>A type of a room, by its simple name.</summary>
internal sealed record RoomType(string Name, string Folder, IReadOnlySet<string> Constants);
